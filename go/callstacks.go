package memanalyzer

import (
	"bytes"
	"runtime"
	"runtime/pprof"

	"github.com/google/pprof/profile"
)

// The call stacks of runtime/pprof, for profiles: who allocated what is on the Go heap, and which
// functions goroutines were started with.

// goroutinesMax bounds the goroutines of a goroutine profile: the world is stopped for a moment,
// and each goroutine for a microsecond or two. If there are more, none are listed.
const goroutinesMax = 10000

// stackDepth is the number of frames that runtime/pprof keeps of a stack (GODEBUG=profstackdepth).
const stackDepth = 128

// callStacks are read after the regions.
type callStacks struct {
	heap       []callStack // weight: sampled bytes that were in use after the last collection
	goroutines []callStack // the outermost frame only; weight: number of goroutines
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
			*frames = nil // the outermost frame may be missing
		}
		*frames = (*frames)[:min(1, len(*frames))]
	}
	return s
}

// runtimeStacks returns the call stacks of a profile of runtime/pprof, none if it has no such
// sample type.
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

// framesOf returns the frames of a sample, inlined calls included. A sample has the innermost
// frame first.
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
