// Package sandbox is JD's gateway for third-party shops, to try things on: it speaks the routerjson protocol as JD's documents have it,
// checks signature, clock and token itself, and keeps its shop in the shared sandbox state. Where nobody knows what JD does (a page that
// is too large, a stockRfId told twice, a shipment told twice, empty system parameters) it refuses loudly, so that nothing comes to
// depend on a guess. It knows nothing of the adapter.
package sandbox
