package journal

import (
	"database/sql"
	"encoding/json"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
)

// inlineLimit is the size in bytes up to which params and a result lie in the operation's own row, which each transition writes again.
const inlineLimit = 1 << 10

// rowColumns are the columns of an operation in the order of Operation.from.
const rowColumns = `o.id, o.last_event, o.ref, o.op_key, o.kind, o.pos_id, o.operator, o.amount, o.currency, o.digest, o.original_ref,
	o.receipt, o.document, o.payment_system, o.code_digest, o.number, o.shift, o.provider_number, o.provider_shift, o.charged,
	o.approved_amount, o.booked_shift, o.booked_at, o.outcome, o.final, o.told, o.ack, o.reversal, o.unfinished, o.nothing_sent, o.code,
	o.message, o.hint, o.payer, o.rrn, o.auth_code, o.resolved_by, o.begun, o.settled, COALESCE(o.params, b.params),
	COALESCE(o.result, b.result), o.state`

// rowTables are where they come from.
const rowTables = ` FROM operations o LEFT JOIN bodies b ON b.operation = o.id `

// row is an operation with what the journal alone knows of it.
type row struct {
	Operation
	id        int64
	lastEvent int64
}

// readRow reads the columns of rowColumns.
func readRow(scan func(...any) error) (row, error) {
	var (
		r                           row
		key                         string
		original, receipt, document sql.NullString
		codeDigest                  sql.NullString
		number, providerNumber      sql.NullInt64
		bookedShift, bookedAt       sql.NullInt64
		begun, settled              int64
		params, result, state       sql.NullString
		charged, final, told        int64
		open, nothingSent           int64
	)
	err := scan(&r.id, &r.lastEvent, &r.Ref, &key, &r.Kind, &r.PosID, &r.Operator, &r.Amount, &r.Currency, &r.Digest, &original,
		&receipt, &document, &r.System, &codeDigest, &number, &r.Shift, &providerNumber, &r.ProviderShift, &charged,
		&r.ApprovedAmount, &bookedShift, &bookedAt, &r.Outcome, &final, &told, &r.Ack, &r.Reversal, &open, &nothingSent, &r.Code,
		&r.Text, &r.Hint, &r.Payer, &r.RRN, &r.AuthCode, &r.ResolvedBy, &begun, &settled, &params, &result, &state)
	if err != nil {
		return row{}, err
	}
	if r.Key, err = pay.ParseKey(key); err != nil {
		return row{}, err
	}
	r.OriginalRef, r.Receipt, r.Document, r.CodeDigest = pay.Ref(original.String), receipt.String, document.String, codeDigest.String
	r.Number, r.ProviderNumber, r.BookedShift, r.BookedAt = number.Int64, providerNumber.Int64, bookedShift.Int64, moment(bookedAt.Int64)
	r.Charged, r.Final, r.Told, r.Open, r.NothingSent = charged != 0, final != 0, told != 0, open != 0, nothingSent != 0
	r.Begun, r.Settled = moment(begun), moment(settled)
	r.Params, r.Result, r.State = jsonOf(params), jsonOf(result), jsonOf(state)
	return r, nil
}

// setting is one column and its value.
type setting struct {
	column string
	value  any
}

// fixed are the columns that Begin writes once.
func (op *Operation) fixed() []setting {
	params, _ := split(op.Params)
	return []setting{
		{"ref", string(op.Ref)}, {"kind", string(op.Kind)}, {"pos_id", op.PosID}, {"operator", op.Operator}, {"amount", int64(op.Amount)},
		{"currency", string(op.Currency)}, {"digest", op.Digest}, {"original_ref", orNull(string(op.OriginalRef))},
		{"receipt", orNull(op.Receipt)}, {"document", orNull(op.Document)}, {"number", orNull(op.Number)},
		{"begun", micros(op.Begun)}, {"params", params},
	}
}

// moving are the columns without an index that each transition writes.
func (op *Operation) moving() []setting {
	return []setting{
		{"op_key", op.Key.String()}, {"provider_shift", op.ProviderShift}, {"outcome", int64(op.Outcome)}, {"final", number(op.Final)},
		{"told", number(op.Told)}, {"ack", string(op.Ack)}, {"reversal", int64(op.Reversal)}, {"unfinished", number(op.Open)},
		{"nothing_sent", number(op.NothingSent)}, {"code", op.Code}, {"message", op.Text}, {"hint", op.Hint}, {"payer", op.Payer},
		{"rrn", op.RRN}, {"auth_code", op.AuthCode}, {"resolved_by", op.ResolvedBy}, {"settled", micros(op.Settled)}, {"state", jsonText(op.State)},
	}
}

// indexed are the groups of columns that a transition writes only if one of the group changed: writing them touches their indexes, and
// each index is another page to be synced.
func (op *Operation) indexed() [][]setting {
	result, _ := split(op.Result)
	return [][]setting{
		{{"payment_system", op.System}, {"charged", number(op.Charged)}, {"approved_amount", int64(op.ApprovedAmount)},
			{"booked_shift", orNull(op.BookedShift)}, {"booked_at", orNull(micros(op.BookedAt))}, {"counted_shift", op.countedShift()},
			{"shift", op.Shift}},
		{{"pending", number(op.pending())}},
		{{"provider_number", orNull(op.ProviderNumber)}},
		{{"code_digest", orNull(op.CodeDigest)}},
		{{"result", result}},
	}
}

// pending says whether somebody still has to look at the operation: the engine, or the till that has not acknowledged it.
func (op *Operation) pending() bool { return op.Open || op.Final && op.Ack == pay.AckNone }

// countedShift is the shift that lists the operation.
func (op *Operation) countedShift() int64 {
	if op.BookedShift > 0 {
		return op.BookedShift
	}
	return op.Shift
}

// insertText makes an INSERT of settings.
func insertText(table string, list []setting) (string, []any) {
	names, args := make([]string, len(list)), make([]any, len(list))
	for i, s := range list {
		names[i], args[i] = s.column, s.value
	}
	return "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(list)-1) + ")", args
}

// updateText makes an UPDATE of settings, by id.
func updateText(table string, id int64, list []setting) (string, []any) {
	names, args := make([]string, len(list)), make([]any, len(list), len(list)+1)
	for i, s := range list {
		names[i], args[i] = s.column+" = ?", s.value
	}
	return "UPDATE " + table + " SET " + strings.Join(names, ", ") + " WHERE id = ?", append(args, id)
}

// split tells what of a document lies in the row from what lies in bodies.
func split(document json.RawMessage) (inRow, inBody any) {
	if len(document) > inlineLimit {
		return nil, string(document)
	}
	return jsonText(document), nil
}

func jsonText(document json.RawMessage) any {
	if document == nil {
		return nil
	}
	return string(document)
}

func jsonOf(s sql.NullString) json.RawMessage {
	if !s.Valid {
		return nil
	}
	return json.RawMessage(s.String)
}

// orNull stores an empty value as NULL, so that it takes no room in an index.
func orNull[T comparable](v T) any {
	var empty T
	if v == empty {
		return nil
	}
	return v
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
