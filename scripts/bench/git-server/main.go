// Command git-server runs KubeRocketCI's controller of GitServers alone, set up as its operator does.
package main

import (
	"log"
	"os"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	routeapi "github.com/openshift/api/route/v1"
	triggersapi "github.com/tektoncd/triggers/pkg/apis/triggers/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	codebaseapi "github.com/epam/edp-codebase-operator/v2/api/v1"
	"github.com/epam/edp-codebase-operator/v2/controllers/gitserver"
)

func main() {
	ctrl.SetLogger(zap.New())
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme,
		codebaseapi.AddToScheme,
		routeapi.AddToScheme,
		gatewayv1.Install,
		triggersapi.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			log.Fatal(err)
		}
	}
	manager, err := ctrl.NewManager(ctrl.GetConfigOrDie(), ctrl.Options{
		Scheme:  scheme,
		Metrics: metricsserver.Options{BindAddress: "0"},
		Cache: cache.Options{
			DefaultNamespaces: map[string]cache.Config{os.Getenv("WATCH_NAMESPACE"): {}},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := gitserver.NewReconcileGitServer(manager.GetClient()).SetupWithManager(manager); err != nil {
		log.Fatal(err)
	}
	if err := manager.Start(ctrl.SetupSignalHandler()); err != nil {
		log.Fatal(err)
	}
}
