//go:build !race && !asan && !msan

package plain

// hasShadow says that this process has the shadow memory of a sanitizer.
const hasShadow = false
