//go:build linux && cgo

package engines

import (
	"fmt"

	"github.com/awnumar/memguard"
	"golang.org/x/sys/unix"
)

func init() { works["memguard"] = workMemguard }

// workMemguard makes buffers of several sizes, among them that of a thread's stack. New buffers
// are read-only; every other one is made writable.
func workMemguard(string) ([]int64, any, error) {
	if err := lockable(amount + 8*mb); err != nil {
		return nil, nil, err
	}
	var buffers []*memguard.LockedBuffer
	var holds int64
	for _, size := range []int{64 << 10, 1 * mb, 4 * mb, 8*mb - 4096, 8 * mb} {
		for i := range amount / 5 / size {
			b := memguard.NewBufferRandom(size)
			if b.Size() != size {
				return nil, nil, fmt.Errorf("a buffer of %d bytes has %d", size, b.Size())
			}
			if i%2 == 0 {
				b.Melt()
			}
			buffers = append(buffers, b)
			holds += int64(size)
		}
	}
	return []int64{holds}, buffers, nil
}

// lockable returns a [missing] if this process may not lock n bytes: memguard would panic.
func lockable(n int) error {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return err
	}
	defer unix.Munmap(b)
	if err := unix.Mlock(b); err != nil {
		return missing(fmt.Sprintf("cannot lock %d MB: %v", n/mb, err))
	}
	return nil
}
