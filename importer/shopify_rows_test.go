package importer

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/commerce"
)

// endless writes a file of so many rows, as it is read.
type endless struct {
	rows int
	row  func(i int) string
	next int
	rest []byte
}

func (e *endless) Read(p []byte) (int, error) {
	for len(e.rest) == 0 {
		switch {
		case e.next > e.rows:
			return 0, io.EOF
		case e.next == 0:
			e.rest = []byte("Handle,Title,Option1 Name,Option1 Value,Variant Price,Image Src,Body (HTML)\n")
		default:
			e.rest = []byte(e.row(e.next - 1))
		}
		e.next++
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// readAll reads a file through and answers how many products are good, and the most memory held on the way.
func readAll(t *testing.T, r io.Reader) (Report, int, uint64) {
	t.Helper()
	var report Report
	s, err := openSheet(r, "CNY", &report)
	require.NoError(t, err)
	good, most, n := 0, uint64(0), 0
	for {
		p, err := s.next()
		if errors.Is(err, io.EOF) {
			return report, good, most
		}
		require.NoError(t, err)
		if !p.bad {
			good++
		}
		if n++; n%100_000 == 0 || report.Rows > 900_000 && n < 100 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
}

func TestAMillionRowsTakeLittleMemory(t *testing.T) {
	body := strings.Repeat("worn ", 40)
	report, good, most := readAll(t, &endless{rows: 1_000_000, row: func(i int) string {
		if i%4 == 0 {
			return fmt.Sprintf("p-%d,Title,Size,S0,1,https://img.example/%d.jpg,%s\n", i/4, i, body)
		}
		return fmt.Sprintf("p-%d,,,S%d,1,,\n", i/4, i%4)
	}})
	require.Equal(t, []int{1_000_000, 250_000, 250_000, 0}, []int{report.Rows, report.Products, good, len(report.Problems)})
	require.Less(t, most, uint64(48<<20))
}

func TestOneHandleOnAMillionRowsTakesLittleMemory(t *testing.T) {
	report, good, most := readAll(t, &endless{rows: 1_000_000, row: func(i int) string { return fmt.Sprintf("p,T,Size,S%d,1,,\n", i) }})
	require.Equal(t, []int{1_000_000, 1, 0, 1}, []int{report.Rows, report.Products, good, len(report.Problems)})
	require.Equal(t, "the product is too large: at most 2000 variants and 8 MiB are taken in", report.Problems[0].Message)
	require.Equal(t, 2002, report.Problems[0].Line)
	require.Less(t, most, uint64(48<<20))
}

func TestAMillionBadRowsAreCounted(t *testing.T) {
	report, good, _ := readAll(t, &endless{rows: 1_000_000, row: func(i int) string { return fmt.Sprintf("p-%d,,Size,S,1,,\n", i) }})
	require.Zero(t, good)
	require.Len(t, report.Problems, 1000)
	require.Equal(t, 999_000, report.More)
	require.Equal(t, 1001, report.Problems[999].Line)
}

func TestASKUIsOfSignsThatEverybodyTakes(t *testing.T) {
	for _, c := range []struct {
		handle string
		values []string
		sku    string
		whole  bool
	}{
		{"ocean-blue-shirt", []string{"Small", "Red"}, "OCEAN-BLUE-SHIRT-SMALL-RED", true},
		{"tee", nil, "TEE", true},
		{"tee", []string{"Dark  Blue / 1.5"}, "TEE-DARK-BLUE-1-5", true},
		{"tee", []string{"ＸＬ"}, "TEE-XL", true},
		{"tee", []string{"红"}, "TEE", false},
		{"tee", []string{"-", "S"}, "TEE-S", false},
		{"tee", []string{"50%"}, "TEE-50", false},
		{"café", []string{"S"}, "CAF-S", false},
		{strings.Repeat("x", 65), nil, strings.Repeat("X", 65), false},
	} {
		sku, whole := plainSKU(c.handle, c.values)
		require.Equal(t, c.sku, sku)
		require.Equal(t, c.whole, whole, c.sku)
	}
	require.Equal(t, hashedSKU("裙", []string{"红"}), hashedSKU("裙", []string{"红"}))
	require.Len(t, hashedSKU("裙", []string{"红"}), 13)
	require.Len(t, hashedSKU(strings.Repeat("x", 100), nil), 64)
}

func TestHashedSKUsAreAsDifferentAsTheChoices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-zA-Z0-9 .红蓝-]{1,70}`)
		one, two := rapid.SliceOfN(text, 1, 4).Draw(t, "one"), rapid.SliceOfN(text, 1, 4).Draw(t, "two")
		a, b := hashedSKU(one[0], one[1:]), hashedSKU(two[0], two[1:])
		require.Equal(t, strings.Join(one, "\x1f") == strings.Join(two, "\x1f"), a == b)
		_, err := commerce.CodeText.Clean(a)
		require.Nil(t, err)
	})
}

func FuzzSheet(f *testing.F) {
	const header = "Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant Inventory Qty,Image Src,Image Position\n"
	f.Add(header + "tee,Tee,Size,S,1.00,5,https://img.example/a.png,1\ntee,,,M,2,,,\n")
	f.Add(header + "tee,\"Tee\n,,\n")
	f.Add("\ufeff" + header + "tee,\"T\"\"e\"e,Size,S,1\n,,,,,,,\n\xff")
	f.Fuzz(func(t *testing.T, file string) {
		var report Report
		s, err := openSheet(strings.NewReader(file), "CNY", &report)
		if err != nil {
			return
		}
		lines := strings.Count(file, "\n") + 1
		for {
			p, err := s.next()
			if err != nil {
				break
			}
			require.LessOrEqual(t, p.line, lines)
			require.True(t, p.bad || len(p.variants) > 0)
			if p.bad {
				continue
			}
			require.NotEmpty(t, p.handle)
			for _, v := range p.inputs() {
				price, ok := v.Price.Get()
				require.True(t, ok)
				require.Equal(t, commerce.Currency("CNY"), price.Currency)
			}
			require.Len(t, p.complete(nil).Media.Or(nil), len(p.pictures))
		}
		for _, p := range report.Problems {
			require.LessOrEqual(t, p.Line, lines)
			require.Positive(t, p.Line)
		}
	})
}
