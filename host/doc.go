// Package host is the process that every client of an installation speaks to: it takes refs, starts and watches the modules, and tells
// each till what is pending.
//
// One host serves an installation (design §5): an OS lock is held for life, and the socket is bound and removed only under it. It holds
// no money logic. What it knows of an operation is in the index of refs; everything else a module's journal knows, and is asked.
//
// # Roles
//
// A session is a receiver's: it sees and does today's work of its till. A PIN (options operator.id, operator.pin) gives it the full role.
// PINs are set by the full role (option operator.new_pin, for operator.id and operator.name). As long as the installation has no PIN, a
// session has the full role if it comes from the user who runs the host (or root) and is the command line's (program "payrack"; on Linux
// its process must run the installation's own program), or asks for it by the option operator.role = full, which is logged as a warning:
// such a user could change the files themselves.
//
// A receiver reads an operation of another day only while it is open or pending, and what its session was shown then, afterwards too.
//
// # Documents of Info
//
// Names are stable; readers skip those that they do not know. Without a module:
//
//	host        {version, pid, started, home, data, address, language, role, pin_set, manifest: on|off|missing, sessions,
//	            following, idle_minutes, draining, log}
//	modules     [{id, enabled, state, text, code, busy, version, pid, title, kinds, features, ...}]: the module's own Description with
//	            the host's view; state: ok, degraded, blocked, draining, starting, down, quarantined, disabled
//	health      {state, text, modules: [{id, state, text, code, busy, detail}]}; state is the worst of the enabled modules'
//	operations  [{ref, module, kind, pos_id, amount, outcome, pending, ...}]: this till's operations of today from the index, newest
//	            first (at most 1000); the full role gets all tills'
//	others      a module's document by its id: {"sendy": {...}}
//
// With a module, modules and health give its entry alone; everything else is the module's answer.
package host
