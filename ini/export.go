package ini

import "strings"

// Export returns the values in force by key, without secrets and without what belongs to this installation.
func Export(f *File) map[string]string {
	values := f.Values()
	for _, one := range f.schema.Settings {
		if one.NoExport {
			delete(values, one.Key)
		}
	}
	return values
}

// ExportText returns Export as an INI file in UTF-8, in the order of the schema, the same bytes for the same values.
func ExportText(f *File) []byte {
	values := Export(f)
	var b strings.Builder
	section := ""
	for _, one := range f.schema.ordered() {
		value, ok := values[one.Key]
		if !ok {
			continue
		}
		if one.Section != section {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			section = one.Section
			b.WriteString("[" + section + "]\n")
		}
		b.WriteString(one.Key + "=" + value + "\n")
	}
	return []byte(b.String())
}

// Import changes the file's values to those of another installation's file or export, all or none. Settings that
// belong to an installation are skipped; those that data does not have stay as they are. Errors are Problems with the
// lines of data, or those of Change.
func Import(f *File, data []byte) error {
	from := f.schema.fill(data)
	if err := from.problems.err(""); err != nil {
		return err
	}
	values := map[string]string{}
	for _, e := range from.state.scan.entries {
		if one, ok := f.schema.Find(e.key); ok && !one.NoExport && !one.Secret {
			values[one.Key] = e.value
		}
	}
	return f.Change(values)
}
