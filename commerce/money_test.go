package commerce_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/commerce"
)

func TestAmountsAreReadInSmallestUnits(t *testing.T) {
	for _, c := range []struct {
		text     string
		currency commerce.Currency
		want     int64
		written  string // as it is written again
	}{
		{"129.00", "CNY", 12900, "129.00"},
		{"129", "CNY", 12900, "129.00"},
		{"129.5", "CNY", 12950, "129.50"},
		{"0.01", "CNY", 1, "0.01"},
		{"-0.01", "CNY", -1, "-0.01"},
		{"-0", "CNY", 0, "0.00"},
		{"1.2300", "CNY", 123, "1.23"},
		{"007.10", "CNY", 710, "7.10"},
		{"1980", "JPY", 1980, "1980"},
		{"1980.0", "JPY", 1980, "1980"},
		{"-5", "JPY", -5, "-5"},
		{"1.234", "KWD", 1234, "1.234"},
		{"0.001", "KWD", 1, "0.001"},
		{"12.3456", "CLF", 123456, "12.3456"},
		{"10000000000000.00", "CNY", commerce.MaxAmount, "10000000000000.00"},
		{"1000000000000000", "JPY", commerce.MaxAmount, "1000000000000000"},
	} {
		got, err := commerce.ParseAmount(c.text, c.currency)
		require.Nil(t, err, "%s %s", c.text, c.currency)
		require.Equal(t, c.want, got, "%s %s", c.text, c.currency)
		require.Equal(t, c.written, commerce.Money{Amount: got, Currency: c.currency}.Text())
	}
}

func TestWhatIsNoAmountIsRefused(t *testing.T) {
	for _, c := range []struct {
		text     string
		currency commerce.Currency
	}{
		{"", "CNY"}, {"-", "CNY"}, {"--1", "CNY"}, {"+1", "CNY"}, {".5", "CNY"}, {"1.", "CNY"}, {"1.2.3", "CNY"}, {"1,20", "CNY"}, {" 1", "CNY"},
		{"1 ", "CNY"}, {"1e3", "CNY"}, {"0x10", "CNY"}, {"1_000", "CNY"}, {"NaN", "CNY"}, {"Inf", "CNY"}, {"１２", "CNY"}, {"٣", "CNY"}, {"−1", "CNY"},
		{"0.001", "CNY"}, {"0.1", "JPY"}, {"0.0001", "KWD"}, {"0.00001", "CLF"}, {"0.-1", "CNY"},
		{"10000000000000.01", "CNY"}, {"1000000000000001", "JPY"}, {"-10000000000000.01", "CNY"}, {"9999999999999999", "CLF"},
		{"92233720368547758.08", "CNY"}, {"18446744073709551617", "JPY"}, {strings.Repeat("9", 1<<16), "CNY"}, {"1", "ZZZ"}, {"1", "cny"}, {"1", ""},
	} {
		_, err := commerce.ParseAmount(c.text, c.currency)
		require.NotNil(t, err, "%.40q %s", c.text, c.currency)
		require.Equal(t, commerce.InvalidInput, err.Code)
		require.Less(t, len(err.Message), 200, "messages repeat little of what was sent")
	}
}

func TestAmountsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := commerce.Money{
			Amount:   rapid.Int64Range(-commerce.MaxAmount, commerce.MaxAmount).Draw(t, "amount"),
			Currency: rapid.SampledFrom([]commerce.Currency{"CNY", "JPY", "KWD", "CLF"}).Draw(t, "currency"),
		}
		back, err := commerce.ParseAmount(m.Text(), m.Currency)
		require.Nil(t, err)
		require.Equal(t, m.Amount, back)
	})
	require.Equal(t, "-92233720368547758.08", commerce.Money{Amount: math.MinInt64, Currency: "CNY"}.Text())
}

func TestCurrenciesAreThoseOfISO4217(t *testing.T) {
	for code, digits := range map[string]int{"CNY": 2, "JPY": 0, "KWD": 3, "CLF": 4, "EUR": 2} {
		c, err := commerce.ParseCurrency(code)
		require.Nil(t, err)
		require.Equal(t, digits, c.Digits())
	}
	for _, code := range []string{"", "cny", "CN", "CNYY", "ZZZ", "ＣＮＹ", "CNY ", "' OR 1"} {
		_, err := commerce.ParseCurrency(code)
		require.NotNil(t, err, code)
	}
}

func TestProductsOfMoneyNeverOverflow(t *testing.T) {
	for _, c := range []struct {
		amount, count, want int64
		ok                  bool
	}{
		{0, 0, 0, true}, {129, 3, 387, true}, {commerce.MaxAmount, 1, commerce.MaxAmount, true}, {1, commerce.MaxAmount, commerce.MaxAmount, true},
		{commerce.MaxAmount, 2, 0, false}, {math.MaxInt64, math.MaxInt64, 0, false}, {1 << 32, 1 << 32, 0, false}, {-1, 1, 0, false}, {1, -1, 0, false},
	} {
		got, ok := commerce.Times(c.amount, c.count)
		require.Equal(t, c.ok, ok, "%d × %d", c.amount, c.count)
		require.Equal(t, c.want, got)
	}
}
