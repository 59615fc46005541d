package host

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/payrack/payrack/host/index"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// A lost index is made anew from the modules' journals. Until all of them were gone through, a ref that the index does not know is not
// certainly new: nothing is begun under it, and it is not told to be unknown.

// openIndex opens the index of refs, and notes which modules' journals it has still to learn.
func (h *Host) openIndex(ctx context.Context) (err error) {
	var journals []string
	for _, id := range h.ids {
		files, _ := os.ReadDir(h.place.ModuleData(id))
		if slices.ContainsFunc(files, func(f os.DirEntry) bool { return filepath.Ext(f.Name()) == ".db" }) {
			journals = append(journals, id)
		}
	}
	if h.index, err = index.Open(ctx, h.place.Index(), journals...); err != nil {
		return err
	}
	unread, err := h.index.Unread(ctx)
	if err != nil {
		return err
	}
	h.unread = map[string]bool{}
	for _, id := range unread {
		if slices.Contains(h.ids, id) { // a module that was taken out answers nothing any more
			h.unread[id] = true
		}
	}
	if len(h.unread) > 0 {
		h.log.Error("the index of refs was lost: it is learned from the modules' journals", "index", h.place.Index(), "modules", unread)
	}
	return nil
}

// isUnread says whether a module's journal has still to be learned.
func (h *Host) isUnread(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unread[id]
}

// someUnread names one module whose journal has still to be learned.
func (h *Host) someUnread() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range h.ids {
		if h.unread[id] {
			return id
		}
	}
	return ""
}

// known looks a ref up. pay.ErrNotFound is certain: where a lost index is still being learned, it waits for that, as long as a till can be
// made to wait, and then is pay.ErrModuleDown.
func (h *Host) known(ctx context.Context, ref pay.Ref) (index.Entry, error) {
	wait, cancel := context.WithTimeout(ctx, h.pace.starting)
	defer cancel()
	for {
		change := h.changed.wait()
		missing := h.someUnread() // before the look: what is read meanwhile is seen
		e, err := h.index.Get(ctx, ref)
		if missing == "" || pay.CodeOf(err) != pay.ErrNotFound {
			return e, err
		}
		select {
		case <-change:
		case <-wait.Done():
			return e, text.Refuse(pay.ErrModuleDown, "host.unread", map[string]any{"Module": missing}, nil)
		}
	}
}

// readAll has the index learn the module's whole journal where it was lost. It tries until it can, or the life ends.
func (r *resident) readAll(ctx context.Context, l *life) {
	for r.host.isUnread(r.id) && ctx.Err() == nil {
		n, err := r.readJournal(ctx, l)
		if err == nil {
			err = r.host.index.Read(ctx, r.id)
		}
		if err == nil {
			r.host.mu.Lock()
			delete(r.host.unread, r.id)
			r.host.mu.Unlock()
			r.log.Info("the index has learned the module's journal", "operations", n)
			r.host.changed.fire()
			return
		}
		r.log.Error("the module's journal cannot be learned", "error", err)
		select {
		case <-time.After(r.host.pace.starting):
		case <-ctx.Done():
		}
	}
}

// pageSize is how many operations are asked for at once, mostPaged the most: what a module answers has a limit.
const (
	pageSize  = 100
	mostPaged = 3200
)

// readJournal learns all operations, page by page. One page begins with the moment at which the last one ended, since a moment may hold
// several operations; a moment that fills a whole page is asked for with a larger one.
func (r *resident) readJournal(ctx context.Context, l *life) (n int, err error) {
	from, limit := time.Unix(0, 0), pageSize
	for {
		page, err := r.readPage(ctx, l, from, limit)
		if err != nil {
			return n, err
		}
		for _, op := range page {
			if err := r.host.index.Learn(ctx, r.id, op); pay.CodeOf(err) == pay.ErrRefReused {
				r.log.Error("two modules have an operation of one ref", "ref", op.Ref, "error", err)
			} else if err != nil {
				return n, err
			}
			if op.Running || !op.Outcome.Final() {
				r.host.followRef(op.Ref, r)
			}
		}
		n += len(page)
		if len(page) < limit {
			return n, nil
		}
		last := page[len(page)-1].Begun
		switch {
		case last.After(from):
			from, limit = last, pageSize
		case limit >= mostPaged:
			return n, fmt.Errorf("more than %d operations of one moment, %s", limit, last)
		default:
			limit *= 2
		}
	}
}

func (r *resident) readPage(ctx context.Context, l *life, from time.Time, limit int) (page []pay.Operation, err error) {
	query, err := json.Marshal(map[string]any{"what": "operations", "from": from, "limit": limit})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, documentLimit)
	defer cancel()
	raw, err := l.running.Service.Find(ctx, query)
	if err != nil {
		return nil, unsaid(err)
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		return nil, &pay.Error{Code: pay.ErrInternal, Cause: fmt.Errorf("module %s: operations: %w", r.id, err)}
	}
	return page, nil
}
