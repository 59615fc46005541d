package host

import (
	"context"
	"fmt"
	"time"

	"github.com/gofrs/flock"

	"github.com/payrack/payrack/host/place"
)

// AwaitEnd waits until no host holds the installation any more: its modules have left then, and its files may be replaced.
func AwaitEnd(ctx context.Context, p place.Place) error {
	lock := flock.New(p.Lock(), flock.SetPermissions(0o600))
	free, err := lock.TryLockContext(ctx, 20*time.Millisecond)
	if err != nil {
		return fmt.Errorf("wait for the host of %s to end: %w", p.Data, err)
	}
	if free {
		return lock.Close()
	}
	return nil
}
