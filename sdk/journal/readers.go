package journal

import (
	"context"
	"database/sql"
	"sync"
)

// readersKeep is how many texts are kept prepared. Those of every day are few; the rest are put together of many conditions.
const readersKeep = 32

// readers are the connections that read. They keep the statements of the texts that come first, since parsing one takes longer than
// finding an operation.
type readers struct {
	*sql.DB
	mu         sync.Mutex
	statements map[string]*sql.Stmt
}

// prepared is nil where a text is not kept, or is wrong: carrying it out will tell.
func (r *readers) prepared(ctx context.Context, text string) *sql.Stmt {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.statements[text]; ok {
		return s
	}
	if len(r.statements) >= readersKeep {
		return nil
	}
	s, err := r.DB.PrepareContext(ctx, text)
	if err != nil {
		return nil
	}
	r.statements[text] = s
	return s
}

// QueryContext is that of the database.
func (r *readers) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if s := r.prepared(ctx, text); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return r.DB.QueryContext(ctx, text, args...)
}

// QueryRowContext is that of the database.
func (r *readers) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	if s := r.prepared(ctx, text); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return r.DB.QueryRowContext(ctx, text, args...)
}

// Close closes the statements and the connections.
func (r *readers) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.statements {
		_ = s.Close() // the connections' end says what there is to say
	}
	return r.DB.Close()
}
