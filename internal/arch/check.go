package arch

import (
	"fmt"
	"strings"
)

// place is a package's room, and the name that stood for the room's *.
type place struct {
	room *room
	name string
}

// find returns the room of a package, given by its folder: the row that names
// most of the path, and a name rather than a *.
func find(folder string) (place, bool) {
	var best place
	score := -1
	for i := range rooms {
		name, s := match(&rooms[i], folder)
		if s > score {
			best, score = place{&rooms[i], name}, s
		}
	}
	return best, score >= 0
}

// match returns how well the row names the folder, and what its * stands for.
// The score is negative when the folder is not in the room.
func match(r *room, folder string) (name string, score int) {
	want, have := strings.Split(r.path, "/"), strings.Split(folder, "/")
	if len(have) < len(want) || r.alone && len(have) != len(want) {
		return "", -1
	}
	for i, w := range want {
		switch w {
		case have[i]:
			score += 2
		case "*":
			name = have[i]
			score++
		default:
			return "", -1
		}
	}
	return name, score
}

// refuse says why the package from must not import the package to, both given
// by their folders. It returns "" when it may. inTest: the import is in a
// _test.go file.
func refuse(from, to string, inTest bool) string {
	importer, ok := find(from)
	if !ok {
		return homeless(from)
	}
	imported, ok := find(to)
	if !ok {
		return homeless(to)
	}
	switch {
	case importer == imported:
		return ""
	case imported.room.forTests && !inTest:
		return fmt.Sprintf("%s imports %s, which is for _test.go files only", from, to)
	case imported.room.path == "internal/testkit": // in a test, as the case above has seen to
		return ""
	case inTest && allows(importer, importer.room.tests, imported),
		allows(importer, importer.room.may, imported):
		return ""
	}
	may := importer.room.may
	if inTest {
		may += " " + importer.room.tests
	}
	if may = strings.TrimSpace(may); may == "" {
		may = "nothing of ours"
	}
	return fmt.Sprintf("%s imports %s, but %s may import: %s (so it stays: %s)",
		from, to, importer.room.path, may, importer.room.stays)
}

// allows reports whether the list of a row takes in the place.
func allows(importer place, list string, imported place) bool {
	for _, entry := range strings.Fields(list) {
		if entry == anything {
			return true
		}
		entry = strings.ReplaceAll(entry, "$", importer.name)
		if entry == imported.room.path || entry == strings.ReplaceAll(imported.room.path, "*", imported.name) {
			return true
		}
	}
	return false
}

func homeless(folder string) string {
	return fmt.Sprintf("%s belongs to no room: add a row for it to the table in internal/arch/rules.go", folder)
}
