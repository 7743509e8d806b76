package routing

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/oneshelf/oneshelf/commerce"
)

// What an address tells of a distance, in kilometres, where coordinates do not: they only put locations in order, beside those whose
// distance is known, and are told to nobody.
const (
	withinDistrict = 5
	withinCity     = 30
	withinProvince = 300
	elsewhere      = 2000
)

// distances judges how far a source is from a buyer by their addresses. Where nothing is known of one of them it is the farthest.
func distances(r Request) func(*Source) float64 {
	buyer := regionOf(r.Address)
	return func(s *Source) float64 {
		if buyer == (region{}) {
			return math.Inf(1)
		}
		here := regionOf(s.Address)
		switch {
		case here == (region{}):
			return math.Inf(1)
		case clash(here.province, buyer.province), here.province == "" && here.city == "", buyer.province == "" && buyer.city == "":
			return elsewhere
		case !same(here.city, buyer.city):
			if same(here.province, buyer.province) {
				return withinProvince
			}
			return elsewhere
		case !same(here.district, buyer.district):
			return withinCity
		}
		return withinDistrict
	}
}

// region is where an address is, in a form that compares.
type region struct{ province, city, district string }

func regionOf(a commerce.Address) region {
	return region{foldRegion(a.Province), foldRegion(a.City), foldRegion(a.District)}
}

func same(a, b string) bool  { return a != "" && a == b }
func clash(a, b string) bool { return a != "" && b != "" && a != b }

// kinds of regions that are left out or written as people like; the longer ones come first.
var kinds = []string{
	"维吾尔自治区", "特别行政区", "壮族自治区", "回族自治区", "自治区", "自治州", "地区", "省", "市", "区", "县", "盟",
	" autonomous region", " province", " district", " county", " city", " sheng", " shi", " qu", " xian",
}

// foldRegion makes names of provinces, cities and districts compare: without regard to case, width and the word for what they are, as
// in 广东 and 广东省.
func foldRegion(s string) string {
	s = strings.TrimSpace(commerce.Fold(s))
	for _, kind := range kinds {
		if rest, ok := strings.CutSuffix(s, kind); ok && utf8.RuneCountInString(rest) >= 2 {
			return rest
		}
	}
	return s
}
