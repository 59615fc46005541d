// Package sdk is what the author of a provider's module imports.
//
// An author writes a Driver: a few calls that speak the provider's protocol. The sdk does the rest: it journals, numbers, retries
// inquiries, reverses, prints slips, keeps settings, secrets and logs, and serves the host. Main is the first call of a module's main.
package sdk
