// krew itself, to install the plugin as a user does: https://krew.sigs.k8s.io
package main

import "sigs.k8s.io/krew/cmd/krew/cmd"

func main() {
	cmd.Execute()
}
