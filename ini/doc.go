// Package ini reads and changes INI files whose settings one Go struct declares.
//
// Each field of the struct is one setting. Its tags say how it is written and shown:
//
//	ini:"WaitTimeout"     the key; fields without this tag are skipped, embedded structs are entered
//	section:"Till"        the section, for this field and those after it; section_ru, section_en caption it
//	as:"money"            how text is read: money for int64 kinds, path or url for string kinds
//	default:"310"         the value of an absent key, as text; required of every setting but strings and lists
//	min:"310" max:"3600"  bounds, in the setting's own notation; for strings and lists, of their length
//	unit:"s"              unit of a duration (ms, s, m, h, d; s if absent), or a word shown after a number
//	choices:"offline,online" choices_ru:"офлайн,онлайн" choices_en:"offline,online"
//	ru:"…" en:"…"         the caption
//	help_ru:"…" help_en:"…"
//	secret:"true"         declared here, kept in the secret store: a value in the file is a problem
//	const:"true"          shown, not changeable
//	hidden:"true"         accepted, not shown in the template or the reference
//	restart:"true"        takes effect at the next start
//	noexport:"true"       belongs to this installation: neither exported nor imported
//	required:"true"       must not be empty
//
// Fields are of kind string, bool, an integer, time.Duration, Money or []string. A settings struct with a method
// Validate() error is asked after its fields are filled; an error made by Invalid names the key it is about.
//
// Files are UTF-8 with or without BOM, or CP1251. Keys and sections are compared without regard to case. Comments
// stand on lines of their own, so that a value may contain any of ; # and \. A change rewrites one value in the
// file's own bytes and leaves the rest as it was. A file with a problem is refused whole, with all its problems, and
// is never written to.
package ini
