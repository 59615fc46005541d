package library

import (
	"strings"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// PendingCount is pr_pending_count; PendingRef counts by the list that it saw.
func (l *Library) PendingCount(th Thread, handle int32) int32 {
	s, code := l.session(th, handle)
	if code < 0 {
		return int32(code)
	}
	refs, err := s.pendingRefs()
	if err != nil {
		return int32(s.refuse(th, err))
	}
	return int32(len(refs))
}

func (s *session) pendingRefs() ([]pay.Ref, error) {
	ctx, cancel := s.short()
	defer cancel()
	list, err := s.client.Pending(ctx, false)
	if err != nil {
		return nil, err
	}
	refs := make([]pay.Ref, 0, len(list))
	for _, op := range list {
		refs = append(refs, op.Ref)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = refs
	return refs, nil
}

// PendingRef is pr_pending_ref.
func (l *Library) PendingRef(th Thread, handle, index int32) Output {
	s, code := l.session(th, handle)
	if code < 0 {
		return refused(code)
	}
	s.mu.Lock()
	refs := s.pending
	s.mu.Unlock()
	if refs == nil {
		var err error
		if refs, err = s.pendingRefs(); err != nil {
			return refused(s.refuse(th, err))
		}
	}
	if index < 0 || int(index) >= len(refs) {
		return refused(s.refuse(th, local(pay.ErrArgument, "refused.index", of("Index", index, "Most", len(refs)))))
	}
	return said(string(refs[index]), nil)
}

// Attach is pr_attach.
func (l *Library) Attach(th Thread, handle int32, ref Text) (int32, pay.Code) {
	s, code := l.session(th, handle)
	if code < 0 {
		return 0, code
	}
	o, err := s.attach(ref)
	if err != nil {
		return 0, s.refuse(th, err)
	}
	return o.handle, pay.CodeOK
}

func (s *session) attach(ref Text) (*operation, error) {
	text, err := plain(ref, "ref", nil)
	if err != nil {
		return nil, err
	}
	parent, _ := pay.Ref(text).Parent() // a reversal may be attached to
	if _, err := pay.ParseRef(string(parent)); err != nil {
		return nil, ours(err)
	}
	ctx, cancel := s.short()
	defer cancel()
	view, err := s.client.Operation(ctx, pay.Ref(text))
	if err != nil {
		return nil, err
	}
	o := s.newOperation(client.Order{Ref: view.Ref, Module: view.Module, Kind: view.Kind, Amount: view.Amount}, false)
	o.took(view)
	spawn(o.follow)
	return o, nil
}

// Resolve is pr_resolve.
func (l *Library) Resolve(th Thread, handle int32, ref Text, charged bool, whoAndWhy Text) pay.Code {
	s, code := l.session(th, handle)
	if code < 0 {
		return code
	}
	if err := s.resolve(ref, charged, whoAndWhy); err != nil {
		return s.refuse(th, err)
	}
	return pay.CodeOK
}

func (s *session) resolve(ref Text, charged bool, whoAndWhy Text) error {
	r, err := plain(ref, "ref", nil)
	if err != nil {
		return err
	}
	why, err := plain(whoAndWhy, "who_and_why", s.encoding())
	if err != nil {
		return err
	}
	if strings.TrimSpace(why) == "" {
		return local(pay.ErrArgument, "refused.empty", of("Name", "who_and_why"))
	}
	ctx, cancel := s.short()
	defer cancel()
	_, err = s.client.Resolve(ctx, pay.Ref(r), charged, why)
	return err
}
