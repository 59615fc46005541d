package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Settings implements module.Service. A change is written into the INI file at once, and works from the next operation on.
func (s *Service) Settings(ctx context.Context, r module.SettingsRequest) (string, error) {
	if _, err := s.running(); err != nil {
		return "", err
	}
	s.refresh()
	value, err := s.configure(ctx, r)
	if err != nil {
		return "", s.configError(err, first(r.Language, s.language()))
	}
	return value, nil
}

func (s *Service) configure(ctx context.Context, r module.SettingsRequest) (string, error) {
	switch r.Action {
	case "describe":
		schema, err := ini.Describe(s.m.Settings())
		if err != nil {
			return "", err
		}
		return jsonText(schema.Settings)
	case "template", "reference":
		schema, err := ini.Describe(s.m.Settings())
		if err != nil {
			return "", err
		}
		if r.Action == "reference" {
			return schema.Reference(first(r.Language, "ru")), nil
		}
		return string(schema.Template(first(r.Language, "ru"))), nil
	case "validate":
		if r.Value != "" { // the text of any file, as if it were this module's
			_, err := ini.Parse([]byte(r.Value), s.m.Settings())
			return "", err
		}
		_, err := ini.Load(s.settingsPath(), s.m.Settings())
		return "", err
	}
	if r.Action == "set" && s.secret(r.Key) {
		return "", s.setSecret(ctx, r.Key, r.Value)
	}
	file, err := ini.Load(s.settingsPath(), s.m.Settings())
	if err != nil {
		return "", err
	}
	switch r.Action {
	case "get":
		if s.secret(r.Key) {
			return s.secretState(r.Key)
		}
		value, ok := file.Get(r.Key)
		if !ok {
			return "", text.Refuse(pay.ErrNotFound, "refused.setting", map[string]any{"Module": s.m.About.ID, "Key": fmt.Sprintf("%.60s", r.Key)}, nil)
		}
		return value, nil
	case "list":
		return jsonText(file.Values())
	case "export":
		return string(ini.ExportText(file)), nil
	case "set":
		err = file.Set(r.Key, r.Value)
	case "import":
		err = ini.Import(file, []byte(r.Value))
	case "change": // a JSON object of values, all or none, those of one installation among them
		var values map[string]string
		if json.Unmarshal([]byte(r.Value), &values) != nil || len(values) == 0 {
			return "", text.Refuse(pay.ErrArgument, "refused.action", map[string]any{"Word": "change"}, nil)
		}
		err = file.Change(values)
	default:
		return "", text.Refuse(pay.ErrArgument, "refused.action", map[string]any{"Word": fmt.Sprintf("%.20s", r.Action)}, nil)
	}
	if err != nil {
		return "", err
	}
	s.log.Logger().Info("settings changed", "action", r.Action, "key", r.Key, "by", r.By)
	return "", s.reconfigure()
}

// reconfigure takes changed settings up. The driver is made anew; operations that run go on with the one that they began with.
func (s *Service) reconfigure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take()
}

func (s *Service) secret(key string) bool {
	schema, err := ini.Describe(s.m.Settings())
	if err != nil {
		return false
	}
	setting, ok := schema.Find(key)
	return ok && setting.Secret
}

func (s *Service) setSecret(_ context.Context, key, value string) error {
	s.log.Register(value)
	if err := s.secrets.Set(strings.ToLower(key), []byte(value)); err != nil {
		return err
	}
	s.log.Logger().Info("a secret was set", "key", key)
	return s.reconfigure()
}

// secretState says whether a secret is there; never what it is.
func (s *Service) secretState(key string) (string, error) {
	names, err := s.secrets.List()
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if name == strings.ToLower(key) {
			return "***", nil
		}
	}
	return "", nil
}

// values are the settings as they are, without secrets.
func (s *Service) values() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return map[string]string{}
	}
	return s.file.Values()
}

// configError makes an error of the INI file a refusal that names line and key.
func (s *Service) configError(err error, language string) error {
	if problems, ok := errors.AsType[ini.Problems](err); ok {
		return &pay.Error{Code: pay.ErrConfig, Text: problems.Text(language), Cause: err}
	}
	if problem, ok := errors.AsType[*ini.Problem](err); ok {
		return &pay.Error{Code: pay.ErrConfig, Text: problem.Message(language), Hint: problem.Hint(language), Cause: err}
	}
	if _, ok := errors.AsType[*pay.Error](err); !ok {
		if reason, yes := ini.Unwritable(err); yes {
			err = text.Refuse(pay.ErrConfig, "settings.unwritable",
				map[string]any{"File": s.settingsPath(), "Folder": s.opening.Data, "Error": reason}, err)
		}
	}
	return s.refuse(err, language)
}

func jsonText(v any) (string, error) {
	raw, err := json.Marshal(v)
	return string(raw), err
}
