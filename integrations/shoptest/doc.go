// Package shoptest is the conformance suite every adapter passes against its marketplace's sandbox. It knows no marketplace: the Harness
// opens the shop and holds the remote side. An ability the shop lacks skips its tests by name, and each adapter's test states
// the abilities it has, so that none is lost silently.
package shoptest
