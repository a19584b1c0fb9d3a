// Judges objects as GitOps tools do: with the kstatus library that Flux and others use, and with a health script run
// in gopher-lua as Argo CD runs it. Reads {"script", "objects"} from standard input, writes a list of verdicts.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type input struct {
	Script  string           `json:"script"`
	Objects []map[string]any `json:"objects"`
	// Returns what the script returns, as it is, instead of verdicts: for the scripts of actions.
	Raw bool `json:"raw"`
}

type opinion struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type verdict struct {
	Kstatus opinion `json:"kstatus"`
	Health  opinion `json:"health"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(from io.Reader, to io.Writer) error {
	bytes, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	var in input
	// This package keeps whole numbers whole, as clients of Kubernetes do.
	if err := json.Unmarshal(bytes, &in); err != nil {
		return err
	}
	if in.Raw {
		return runRaw(in, to)
	}
	verdicts := make([]verdict, 0, len(in.Objects))
	for index, object := range in.Objects {
		health, err := judgeHealth(object, in.Script)
		if err != nil {
			return fmt.Errorf("object %d: %w", index, err)
		}
		result, err := status.Compute(&unstructured.Unstructured{Object: object})
		if err != nil {
			return fmt.Errorf("object %d: %w", index, err)
		}
		verdicts = append(verdicts, verdict{opinion{result.Status.String(), result.Message}, health})
	}
	out, err := json.Marshal(verdicts)
	if err != nil {
		return err
	}
	_, err = to.Write(out)
	return err
}

func runRaw(in input, to io.Writer) error {
	results := make([]any, 0, len(in.Objects))
	for index, object := range in.Objects {
		state, table, err := runScript(object, in.Script)
		if err != nil {
			return fmt.Errorf("object %d: %w", index, err)
		}
		results = append(results, fromLua(table))
		state.Close()
	}
	out, err := json.Marshal(results)
	if err != nil {
		return err
	}
	_, err = to.Write(out)
	return err
}

func judgeHealth(object map[string]any, script string) (opinion, error) {
	state, table, err := runScript(object, script)
	if err != nil {
		return opinion{}, err
	}
	defer state.Close()
	return opinion{text(table, "status"), text(table, "message")}, nil
}

// runScript gives the script what Argo CD gives one of argocd-cm: the global obj, a second, and of Lua's libraries
// base, package and table; time and date of os only by require("os"), as there is no global os.
// https://github.com/argoproj/argo-cd/blob/v3.6.1/util/lua/lua.go
func runScript(object map[string]any, script string) (*lua.LState, *lua.LTable, error) {
	// A state with the usual room costs a millisecond, and a health script needs little.
	state := lua.NewState(lua.Options{SkipOpenLibs: true, RegistrySize: 1024, CallStackSize: 64})
	table, err := callScript(state, object, script)
	if err != nil {
		state.Close()
		return nil, nil, err
	}
	return state, table, nil
}

func callScript(state *lua.LState, object map[string]any, script string) (*lua.LTable, error) {
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage,
		lua.BaseLibName: lua.OpenBase,
		lua.TabLibName:  lua.OpenTable,
	} {
		call := lua.P{Fn: state.NewFunction(open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(name)); err != nil {
			return nil, err
		}
	}
	state.PreloadModule(lua.OsLibName, loadSafeOs)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoString(script); err != nil {
		return nil, err
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return nil, errors.New("the script did not return a table")
	}
	return table, nil
}

// loadSafeOs gives what Argo CD gives instead of os: nothing that reaches the machine.
func loadSafeOs(state *lua.LState) int {
	lua.OpenOs(state)
	all := state.GetGlobal(lua.OsLibName).(*lua.LTable)
	state.SetGlobal(lua.OsLibName, lua.LNil)
	safe := state.NewTable()
	for _, name := range []string{"time", "date"} {
		safe.RawSetString(name, all.RawGetString(name))
	}
	state.Push(safe)
	return 1
}

func fromLua(value lua.LValue) any {
	switch known := value.(type) {
	case lua.LBool:
		return bool(known)
	case lua.LString:
		return string(known)
	case lua.LNumber:
		return float64(known)
	case *lua.LTable:
		if length := known.Len(); length > 0 {
			list := make([]any, 0, length)
			known.ForEach(func(_, item lua.LValue) { list = append(list, fromLua(item)) })
			return list
		}
		object := map[string]any{}
		known.ForEach(func(key, item lua.LValue) { object[key.String()] = fromLua(item) })
		return object
	default:
		return nil
	}
}

func text(table *lua.LTable, field string) string {
	if value, ok := table.RawGetString(field).(lua.LString); ok {
		return string(value)
	}
	return ""
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch known := value.(type) {
	case bool:
		return lua.LBool(known)
	case string:
		return lua.LString(known)
	case int64:
		return lua.LNumber(known)
	case float64:
		return lua.LNumber(known)
	case []any:
		list := state.CreateTable(len(known), 0)
		for _, item := range known {
			list.Append(toLua(state, item))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(known))
		for key, item := range known {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}
