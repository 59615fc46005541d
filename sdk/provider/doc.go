// Package provider is the border between payrack and a provider's protocol: the Driver that a module's author writes, and the closed set of replies that it may give.
//
// Nothing here mentions gRPC, the journal or the till; the engine asks, the driver speaks to the provider and says what it heard.
package provider
