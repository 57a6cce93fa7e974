//go:build linux && cgo

package engines

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero"
)

func init() { works["wazero"] = workWazero }

// grower is a module whose function "grow" adds pages to its memory, fills them, and returns how
// many there are:
//
//	(module
//	  (memory 1)
//	  (func (export "grow") (param i32) (result i32)
//	    (memory.fill
//	      (i32.mul (memory.grow (local.get 0)) (i32.const 65536))
//	      (i32.const 1)
//	      (i32.mul (local.get 0) (i32.const 65536)))
//	    (memory.size)))
var grower = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x06\x01\x60\x01\x7f\x01\x7f" + // types
	"\x03\x02\x01\x00" + // functions
	"\x05\x03\x01\x00\x01" + // memories
	"\x07\x08\x01\x04grow\x00\x00" + // exports
	"\x0a\x1b\x01\x19\x00" + // code
	"\x20\x00\x40\x00\x41\x80\x80\x04\x6c" +
	"\x41\x01" +
	"\x20\x00\x41\x80\x80\x04\x6c" +
	"\xfc\x0b\x00" +
	"\x3f\x00\x0b")

// workWazero grows the memory of a module in steps of 1 MB, as a program in WebAssembly does.
func workWazero(string) ([]int64, any, error) {
	const page, step = 64 << 10, 16
	ctx := context.Background()
	runtime := wazero.NewRuntime(ctx)
	module, err := runtime.Instantiate(ctx, grower)
	if err != nil {
		return nil, nil, err
	}
	for {
		pages, err := module.ExportedFunction("grow").Call(ctx, step)
		if err != nil {
			return nil, nil, fmt.Errorf("grow: %w", err)
		}
		if holds := int64(pages[0]) * page; holds >= amount {
			return []int64{holds}, []any{runtime, module}, nil
		}
	}
}
