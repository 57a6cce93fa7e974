module example.com/memanalyzer

go 1.26.0

require (
	github.com/google/pprof v0.0.0-20260802141513-ef3492d7dac3
	golang.org/x/sync v0.22.0
	golang.org/x/sys v0.47.0
)
