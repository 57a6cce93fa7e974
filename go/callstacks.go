package memanalyzer

import (
	"bytes"
	"runtime"
	"runtime/pprof"

	"github.com/google/pprof/profile"
)

// Whose the Go heap and the goroutines' stacks are, as far as the runtime tells.

// With more goroutines than these nobody asks for them: the world stands still for a
// moment, and each goroutine for a microsecond or two.
const goroutinesMax = 10000

// The frames of a stack that runtime/pprof keeps (GODEBUG=profstackdepth).
const stackDepth = 128

// callStacks are read after the regions.
type callStacks struct {
	heap       []callStack // where what is in use was allocated, in bytes: sampled, and of the last collection
	goroutines []callStack // the functions that they were started with, and how many
}

// A callStack has its outermost frame first.
type callStack struct {
	frames []frame
	weight uint64
}

func readCallStacks() callStacks {
	s := callStacks{heap: runtimeStacks("heap", "inuse_space")}
	if runtime.NumGoroutine() <= goroutinesMax {
		s.goroutines = runtimeStacks("goroutine", "goroutine")
	}
	for i := range s.goroutines {
		frames := &s.goroutines[i].frames
		if len(*frames) >= stackDepth {
			*frames = nil // it is cut off
		}
		*frames = (*frames)[:min(1, len(*frames))]
	}
	return s
}

// runtimeStacks returns a profile of runtime/pprof; none where there is no such one.
func runtimeStacks(name, sampleType string) []callStack {
	var text bytes.Buffer
	if err := pprof.Lookup(name).WriteTo(&text, 0); err != nil {
		return nil
	}
	p, err := profile.Parse(&text)
	if err != nil {
		return nil
	}
	column, err := p.SampleIndexByName(sampleType)
	if err != nil {
		return nil
	}
	var stacks []callStack
	for _, sample := range p.Sample {
		if sample.Value[column] > 0 {
			stacks = append(stacks, callStack{framesOf(sample), uint64(sample.Value[column])})
		}
	}
	return stacks
}

// framesOf returns those of a sample, which has the innermost first, inlined calls too.
func framesOf(sample *profile.Sample) []frame {
	var frames []frame
	for i := len(sample.Location) - 1; i >= 0; i-- {
		lines := sample.Location[i].Line
		for j := len(lines) - 1; j >= 0; j-- {
			f := lines[j].Function
			frames = append(frames, frame{name: f.Name, file: f.Filename, line: lines[j].Line})
		}
	}
	return frames
}
