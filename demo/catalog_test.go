package demo

import (
	"net/url"
	"regexp"
	"strconv"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce/catalog"
)

func TestCatalogIsAGridWithGaps(t *testing.T) {
	products, err := Catalog()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(products), 40)
	skus, barcodes, handles := map[string]bool{}, map[string]bool{}, map[string]bool{}
	gaps, compared := 0, 0
	pattern := regexp.MustCompile(`^HZL-\d{3}-[A-Z]{3}-[A-Z0-9]{1,3}$`)
	for _, p := range products {
		handle := p.Handle.Or("")
		require.False(t, handles[handle], handle)
		handles[handle] = true
		require.Equal(t, catalog.Active, p.Status.Or(""))
		require.Len(t, p.Category.Or(nil), 2)
		require.NotEmpty(t, p.Tags.Or(nil))
		bilingual(t, p.Title.Or(""))
		bilingual(t, p.Description.Or(""))
		require.LessOrEqual(t, utf8.RuneCountInString(p.Title.Or("")), 45, "the shortest title a marketplace takes")
		options := p.Options.Or(nil)
		require.Len(t, options, 2)
		grid := len(options[0].Values) * len(options[1].Values)
		require.GreaterOrEqual(t, len(p.Variants), 7)
		require.LessOrEqual(t, len(p.Variants), grid)
		gaps += grid - len(p.Variants)
		for _, m := range p.Media.Or(nil) {
			u, err := url.Parse(m.URL)
			require.NoError(t, err)
			require.Equal(t, "img.example.com", u.Host)
		}
		for _, v := range p.Variants {
			sku, barcode := v.SKU.Or(""), v.Barcode.Or("")
			require.Regexp(t, pattern, sku)
			require.False(t, skus[sku], sku)
			skus[sku] = true
			require.False(t, barcodes[barcode], barcode)
			barcodes[barcode] = true
			internalEAN(t, barcode)
			price, ok := v.Price.Get()
			require.True(t, ok)
			require.Positive(t, price.Amount)
			require.Positive(t, v.WeightGrams.Or(0))
			if above, ok := v.CompareAt.Get(); ok {
				require.Greater(t, above.Amount, price.Amount, sku)
				compared++
			}
			for _, o := range v.SelectedOptions.Or(nil) {
				require.NotEmpty(t, o.Value)
			}
		}
	}
	require.Positive(t, gaps)
	require.Positive(t, compared)
}

func bilingual(t *testing.T, s string) {
	t.Helper()
	var han, latin bool
	for _, c := range s {
		han = han || unicode.Is(unicode.Han, c)
		latin = latin || unicode.Is(unicode.Latin, c)
	}
	require.True(t, han && latin, s)
}

func internalEAN(t *testing.T, s string) {
	t.Helper()
	require.Regexp(t, `^2\d{12}$`, s)
	sum := 0
	for i := range s {
		n, err := strconv.Atoi(s[i : i+1])
		require.NoError(t, err)
		if i%2 == 1 {
			n *= 3
		}
		sum += n
	}
	require.Zero(t, sum%10, s)
}

// The samples are those of GS1's own check digit calculator and of a book.
func TestCheckDigit(t *testing.T) {
	require.Equal(t, 3, checkDigit("629104150021"))
	require.Equal(t, 7, checkDigit("978030640615"))
}

func TestMembersAreVisiblyInvented(t *testing.T) {
	birthdays := map[string]bool{}
	for _, m := range Members() {
		require.Contains(t, m.Name.Or(""), "Demo Member")
		require.Regexp(t, `^\+8610{7}\d{3}$`, m.Phone.Or(""))
		require.Regexp(t, `^member\d{3}@example\.com$`, m.Email.Or(""))
		day, err := time.Parse(time.DateOnly, m.Birthday.Or(""))
		require.NoError(t, err)
		require.Less(t, day.Year(), 2010)
		birthdays[m.Birthday.Or("")] = true
	}
	require.Greater(t, len(birthdays), 190)
}

func TestOpeningStockIsTheSameEachTime(t *testing.T) {
	var sum int64
	for _, l := range Locations() {
		for _, size := range []string{"S", "M", "L"} {
			code := l.Code.Or("")
			n := opening(code, "HZL-101-NVY-"+size)
			require.Equal(t, n, opening(code, "HZL-101-NVY-"+size))
			sum += n
		}
	}
	require.Positive(t, sum)
	require.Positive(t, opening("WH-HZ", "HZL-101-NVY-M"), "the banner's order is for this one")
}
