//go:build !linux

package memanalyzer

func mapPages(int) ([]byte, error) { return nil, ErrUnsupported }

func unmapPages([]byte) error { return ErrUnsupported }
