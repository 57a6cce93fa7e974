//go:build linux && cgo && engines_v8

package engines

import "rogchap.com/v8go"

func init() { works["v8go"] = workV8 }

// workV8 makes objects and large arrays in JavaScript.
func workV8(string) ([]int64, any, error) {
	const script = `
		var all = globalThis.all || [];
		for (let i = 0; i < 20000; i++) all.push({ number: i + 0.5, text: "text " + i });
		all.push(new Array(50000).fill(0.5));
		globalThis.all = all;
		all.length`
	isolate := v8go.NewIsolate()
	context := v8go.NewContext(isolate)
	for {
		if _, err := context.RunScript(script, "work.js"); err != nil {
			return nil, nil, err
		}
		if s := isolate.GetHeapStatistics(); s.TotalPhysicalSize >= amount {
			return []int64{int64(s.TotalPhysicalSize)}, []any{isolate, context}, nil
		}
	}
}
