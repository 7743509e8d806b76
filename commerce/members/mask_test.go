package members

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
)

func TestMasksLeaveLittle(t *testing.T) {
	for _, c := range []struct {
		says  string
		mask  func(string) string
		plain string
		wants string
	}{
		{"a name", MaskName, "张小明", "张**"},
		{"a Latin name", MaskName, "Zhang", "Z**"},
		{"a name of one character", MaskName, "王", "王**"},
		{"no name", MaskName, "", ""},
		{"a phone", MaskPhone, "13812345678", "*******5678"},
		{"a phone from abroad", MaskPhone, "+86 138-1234-5678", "*******5678"},
		{"a short phone", MaskPhone, "123-4567", "*******"},
		{"no phone", MaskPhone, "", ""},
		{"an email", MaskText, "zhang@example.com", "z***"},
		{"a birthday", MaskText, "1990-05-17", "1***"},
	} {
		require.Equal(t, c.wants, c.mask(c.plain), c.says)
	}
	require.Equal(t, &commerce.Address{Recipient: "张**", Phone: "*******5678", Country: "CN", Province: "上海市", City: "上海市", District: "静安区", Line1: "***", Postcode: "***"},
		MaskAddress(&commerce.Address{Recipient: "张小明", Phone: "13812345678", Country: "CN", Province: "上海市", City: "上海市", District: "静安区", Line1: "南京西路1号", Postcode: "200040"}))
	require.Nil(t, MaskAddress(nil))

	phone := "13812345678"
	m := &ent.Member{Name: "张小明", Phone: &phone}
	require.Equal(t, Contact{Name: &m.Name, Phone: &phone}, ContactOf(m, true))
	hidden := ContactOf(m, false)
	require.Equal(t, "张**", *hidden.Name)
	require.Equal(t, "*******5678", *hidden.Phone)
	require.Nil(t, hidden.Email)
	require.Nil(t, ContactOf(&ent.Member{}, false).Name)
}

func TestContactDataIsChecked(t *testing.T) {
	for phone, wants := range map[string]string{
		"13812345678": "13812345678", "+86 138-1234 5678": "+8613812345678", "１３８００": "13800", " 021-6288 1234 ": "02162881234",
		"1234": "", "123456789012345678901": "", "12a45": "", "+": "", "": "", "++12345": "", "1+2345": "",
	} {
		folded, ok := foldPhone(phone)
		require.Equal(t, wants != "", ok, phone)
		if ok {
			require.Equal(t, wants, folded, phone)
		}
	}
	for email, wants := range map[string]bool{
		"a@b.cn": true, "first.last+tag@sub.example.com": true, "王@例子.中国": true,
		"a@b": false, "@b.cn": false, "a@": false, "a b@c.cn": false, "a@b..cn": false, "a@@b.cn": false, "a@-b.cn": false, "<a@b.cn>": false,
	} {
		require.Equal(t, wants, isEmail(email), email)
	}
	now := commerce.InstantOf(time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC))
	for day, wants := range map[string]bool{
		"1990-05-17": true, "2026-01-31": true, "2026-02-01": true, // already begun in the east
		"2026-02-02": false, "1990-02-30": false, "1990-5-17": false, "17.05.1990": false,
	} {
		require.Equal(t, wants, hasBeen(day, now), day)
	}
}
