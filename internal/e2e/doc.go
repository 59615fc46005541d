// Package e2e holds payrack to its promises over real processes: a host, a module and a client, with the Sendy sandbox as the provider.
//
// Nothing of it ships. Each test lays an installation out in a folder of its own, and ends with no process of it left.
package e2e
