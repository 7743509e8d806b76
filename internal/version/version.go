// Package version tells which build of oneshelf this is.
package version

import "runtime/debug"

// version is set by the linker: -X github.com/oneshelf/oneshelf/internal/version.version=v1.2.3
var version string

// String returns what the build was given (git describe, in the Makefile), else
// what the go command noted down: the revision of the work tree or, for go
// install, the version of the module. It is "dev" when nobody knows.
// It may be called by many at once.
func String() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	return noted(info)
}

const unknown = "dev"

// noted reads the build information. The revision is cut to twelve digits, as
// the go command does in its own pseudo-versions.
func noted(info *debug.BuildInfo) string {
	var revision, dirty string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "-dirty"
			}
		}
	}
	switch {
	case revision != "":
		return revision + dirty
	case info.Main.Version != "" && info.Main.Version != "(devel)":
		return info.Main.Version
	default:
		return unknown
	}
}
