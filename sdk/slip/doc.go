// Package slip lays out slips and shift reports for a till's paper and renders them.
//
// A Document is plain data: who sold, what was asked, what became of it. Render lays it out for one Paper (columns, language,
// code page) through a template and returns a Tape: lines which fit the paper and consist of characters that its code page has.
// A Tape is then text, or bytes for an ESC/POS printer. A Document is also JSON, with the same numbers.
//
// The layout has few rules, and they hold for every template, a store's own included:
//
//   - A line never exceeds the paper. Text is wrapped at spaces; a number with its currency is one word.
//   - In a two-column line the value is never cut: what does not fit goes right-aligned to the next line.
//   - Data cannot act: control characters are taken out, and "[cut]" in data is printed as "(cut)".
//   - A store's template that is broken never blocks paper: the built-in one is used, and Tape.Problem says why.
//
// Nothing here reads a clock. Times are printed in the location that they carry.
package slip
