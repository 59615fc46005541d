package host

import (
	"context"
	"errors"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// report takes a new state of health.
func (r *resident) report(h module.Health) {
	r.mu.Lock()
	changed := r.health.State != h.State
	r.health = h
	r.tried = r.tried || r.life != nil
	r.mu.Unlock()
	if changed {
		r.log.Info("module's state", "state", h.State, "text", h.Text, "busy", h.Busy)
	}
	r.changed.fire()
	r.host.changed.fire()
}

// now is the life that calls can go to, or why there is none.
func (r *resident) now() (*life, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.refused != nil:
		return nil, r.refused
	case r.life == nil:
		return nil, &pay.Error{Code: pay.ErrModuleDown, Cause: errors.New(r.id + " is " + r.health.State + ": " + r.health.Text)}
	}
	select {
	case <-r.life.over(): // and nobody has noted it yet
		return nil, &pay.Error{Code: pay.ErrModuleDown, Cause: errors.New(r.id + " has just ended")}
	default:
	}
	return r.life, nil
}

// any is a life of which only settings and information are asked: one that cannot work will do.
func (r *resident) any() (*life, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.life == nil {
		return nil, &pay.Error{Code: pay.ErrModuleDown, Cause: errors.New(r.id + " is " + r.health.State)}
	}
	return r.life, nil
}

// ready waits for a module that is about to start, as long as a till can be made to wait. One in quarantine is not waited for.
func (r *resident) ready(ctx context.Context) (*life, error) {
	ctx, cancel := context.WithTimeout(ctx, r.host.pace.starting)
	defer cancel()
	for {
		change := r.changed.wait()
		l, err := r.now()
		if err == nil {
			return l, nil
		}
		if state := r.state(); state == stateQuarantined || state == stateDisabled || pay.CodeOf(err) != pay.ErrModuleDown {
			return nil, err
		}
		select {
		case <-change:
		case <-ctx.Done():
			return nil, err
		}
	}
}

// settled waits until the first start came to an end, so that what is pending is known.
func (r *resident) settled(ctx context.Context) {
	for {
		change := r.changed.wait()
		r.mu.Lock()
		tried := r.tried || !r.wanted
		r.mu.Unlock()
		if tried {
			return
		}
		select {
		case <-change:
		case <-ctx.Done():
			return
		}
	}
}

// goes says whether the module was told to leave for good.
func (r *resident) goes() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.leaving
}

func (r *resident) state() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.health.State
}

func (r *resident) busy() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.health.Busy
}

func (r *resident) up() bool {
	_, err := r.now()
	return err == nil
}

// nudge ends a pause: settings or programs may have been mended.
func (r *resident) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}
