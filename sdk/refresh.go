package sdk

import (
	"os"
	"time"

	"github.com/payrack/payrack/ini"
)

// lookAgain is how often a module that its INI file keeps from working looks whether somebody has mended it.
const lookAgain = 2 * time.Second

// fileMark tells one state of a file from another.
type fileMark struct {
	changed time.Time
	size    int64
}

// markOf is the zero mark where there is no file.
func markOf(path string) fileMark {
	info, err := os.Stat(path)
	if err != nil {
		return fileMark{}
	}
	return fileMark{changed: info.ModTime(), size: info.Size()}
}

// refresh takes up an INI file that was changed by hand since it was last read. A broken one changes nothing for a module that works: it
// goes on with the settings that it has, and says so once in the log. A file that is away for the moment is waited for.
func (s *Service) refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := markOf(s.settingsPath())
	if !s.opened || now == s.read || now == (fileMark{}) {
		return
	}
	s.read = now
	log := s.log.Logger()
	if _, err := ini.Load(s.settingsPath(), s.m.Settings()); err != nil && s.broken == nil {
		log.Error("the settings file was changed and cannot be used: the former settings stay in force", "error", err)
		return
	}
	if err := s.take(); err != nil {
		log.Error("the settings file was changed and cannot be used", "error", err)
		return
	}
	log.Info("the settings file was changed by hand and is in force")
}

// take reads the INI file and makes the driver anew. On an error the module goes on as it was. s.mu is held.
func (s *Service) take() error {
	settings, file, broken := s.settings, s.file, s.broken
	s.readSettings()
	driver, err := s.newDriver()
	if err != nil {
		s.settings, s.file, s.broken = settings, file, broken
		if broken != nil {
			s.broken = err // what is wrong now
		}
		return err
	}
	common := s.settings.Common()
	s.shell.Reconfigure(driver, s.terms(), common.Language, common.SlipCopies)
	s.addCommands(driver)
	s.faceCustomer()
	return nil
}

// mending ends when a blocked module is to look at its INI file again; of any other it never does.
func (s *Service) mending() <-chan time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		return nil
	}
	return time.After(lookAgain)
}
