package journal

import "context"

// Attempt writes an attempt at activation.
func (j *Journal) Attempt(ctx context.Context, a Attempt) error {
	return j.write(ctx, func(t *tx) error {
		if a.Time.IsZero() {
			a.Time = t.now
		}
		return t.exec(`INSERT INTO attempts (at, terminal, serial, ok, code, attempts_left, initiator) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			micros(a.Time), a.TerminalID, a.Serial, number(a.OK), a.Code, a.AttemptsLeft, a.Initiator)
	})
}

// Attempts returns the last attempts at activation, newest first; limit 0: all.
func (j *Journal) Attempts(ctx context.Context, limit int) ([]Attempt, error) {
	rows, err := j.readers.QueryContext(ctx,
		`SELECT at, terminal, serial, ok, code, attempts_left, initiator FROM attempts ORDER BY id DESC`+limitText(limit))
	return collect(rows, err, func(scan func(...any) error) (Attempt, error) {
		var a Attempt
		var at, ok int64
		err := scan(&at, &a.TerminalID, &a.Serial, &ok, &a.Code, &a.AttemptsLeft, &a.Initiator)
		a.Time, a.OK = moment(at), ok != 0
		return a, err
	})
}
