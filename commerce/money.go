package commerce

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Currency is an ISO 4217 code.
type Currency string

// Money is an amount in the currency's smallest unit; never a float.
type Money struct {
	Amount   int64
	Currency Currency
}

// MaxAmount bounds a single amount, so that sums of many lines stay far from overflow.
const MaxAmount int64 = 1_000_000_000_000_000

// digits tells how many decimal digits each currency has. Source: ISO 4217, list one.
var digits = func() map[Currency]int {
	out := make(map[Currency]int)
	for n, codes := range map[int]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
		2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
		CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS
		KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
		PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
		TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
		3: "BHD IQD JOD KWD LYD OMR TND",
		4: "CLF UYW",
	} {
		for _, code := range strings.Fields(codes) {
			out[Currency(code)] = n
		}
	}
	return out
}()

// ParseCurrency checks an ISO 4217 code; it must be written in capitals.
func ParseCurrency(s string) (Currency, *Error) {
	if _, ok := digits[Currency(s)]; !ok {
		return "", Errorf(InvalidInput, "%q is not an ISO 4217 currency code", clip(s))
	}
	return Currency(s), nil
}

// Digits is how many decimal digits the currency has.
func (c Currency) Digits() int { return digits[c] }

// ParseAmount reads decimal text such as "129.00" into smallest units. It refuses signs other than a leading minus,
// exponents, more digits than the currency has, and anything beyond MaxAmount.
func ParseAmount(s string, c Currency) (int64, *Error) {
	d, ok := digits[c]
	if !ok {
		return 0, Errorf(InvalidInput, "%q is not an ISO 4217 currency code", clip(string(c)))
	}
	text := strings.TrimPrefix(s, "-")
	whole, frac, dot := strings.Cut(text, ".")
	if whole == "" || len(whole) > 16 || !allDigits(whole) || (dot && (frac == "" || !allDigits(frac))) {
		return 0, Errorf(InvalidInput, "%q is not a decimal amount such as 129.00", clip(s))
	}
	if len(frac) > d {
		if strings.Trim(frac[d:], "0") != "" {
			return 0, Errorf(InvalidInput, "%q has more than the %d decimal digits of %s", clip(s), d, c)
		}
		frac = frac[:d]
	}
	frac += strings.Repeat("0", d-len(frac))
	n, err := strconv.ParseInt(whole+frac, 10, 64)
	if err != nil || n > MaxAmount {
		return 0, Errorf(InvalidInput, "%q is too large an amount", clip(s))
	}
	if strings.HasPrefix(s, "-") {
		n = -n
	}
	return n, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Text writes the amount with the currency's own number of digits.
func (m Money) Text() string {
	d := m.Currency.Digits()
	sign, n := "", uint64(m.Amount)
	if m.Amount < 0 {
		sign, n = "-", uint64(-m.Amount)
	}
	s := strconv.FormatUint(n, 10)
	if d == 0 {
		return sign + s
	}
	if len(s) <= d {
		s = strings.Repeat("0", d-len(s)+1) + s
	}
	return sign + s[:len(s)-d] + "." + s[len(s)-d:]
}

func (m Money) String() string { return m.Text() + " " + string(m.Currency) }

// Times multiplies an amount by a count; ok is false when it does not fit.
func Times(amount, count int64) (product int64, ok bool) {
	if amount < 0 || count < 0 {
		return 0, false
	}
	hi, lo := bits.Mul64(uint64(amount), uint64(count))
	if hi != 0 || lo > math.MaxInt64 || int64(lo) > MaxAmount {
		return 0, false
	}
	return int64(lo), true
}

// Portion is the part of an amount that falls on the units from..to of count, counted from 0: the parts of any cutting add up to the
// whole, none differs from its exact value by a whole smallest unit, and what a unit bears does not depend on what was cut before.
// The amount must lie within MaxAmount and count within MaxQuantity.
func Portion(amount, from, to, count int64) int64 {
	upTo := func(n int64) int64 {
		hi, lo := bits.Mul64(uint64(amount), uint64(n))
		quotient, _ := bits.Div64(hi, lo, uint64(count))
		return int64(quotient)
	}
	return upTo(to) - upTo(from)
}

// DiscountShare is the part of a line's discount that somebody pays, in the currency's smallest unit. A Payer of "" is nobody who is
// known. Once a part of the line was canceled Bought is what it was when it was bought, so that any cutting ends the same.
type DiscountShare struct {
	Payer  string `json:"payer"`
	Amount int64  `json:"amount"`
	Bought int64  `json:"bought,omitempty"`
}

// MaxQuantity bounds every quantity, so that each is within 32 bits and sums are within 64. A sum beyond 32 bits, such as what three
// locations have, is told outside as 2,147,483,647.
const MaxQuantity = 1_000_000_000
