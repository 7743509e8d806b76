package catalog

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
)

func TestTheMostParticularPriceIsInForce(t *testing.T) {
	here, there := commerce.NewUUID(), commerce.NewUUID()
	row := func(ch *commerce.UUID, from, until commerce.Instant, amount int64) *ent.Price {
		return &ent.Price{ID: commerce.NewUUID(), ChannelID: ch, ValidFrom: from, ValidUntil: until, Amount: amount}
	}
	const now = 100
	for _, c := range []struct {
		says    string
		rows    []*ent.Price
		channel *commerce.UUID
		wants   int64 // 0: the variant's own
	}{
		{"nothing stands instead", nil, &here, 0},
		{"the channel's", []*ent.Price{row(&here, 0, 0, 1)}, &here, 1},
		{"not another channel's", []*ent.Price{row(&there, 0, 0, 1)}, &here, 0},
		{"no channel's without a channel", []*ent.Price{row(&here, 0, 0, 1)}, nil, 0},
		{"a brand's window", []*ent.Price{row(nil, 50, 150, 1)}, &here, 1},
		{"the channel's before a brand's window", []*ent.Price{row(nil, 50, 150, 1), row(&here, 0, 0, 2)}, &here, 2},
		{"the channel's window before its lasting one", []*ent.Price{row(&here, 0, 0, 1), row(&here, 50, 150, 2)}, &here, 2},
		{"a window with an end alone", []*ent.Price{row(&here, 0, 0, 1), row(&here, 0, 150, 2)}, &here, 2},
		{"the latest to begin", []*ent.Price{row(&here, 60, 150, 1), row(&here, 50, 150, 2)}, &here, 1},
		{"the latest to be made", []*ent.Price{row(&here, 50, 140, 1), row(&here, 50, 150, 2)}, &here, 2},
		{"not before it begins", []*ent.Price{row(&here, 101, 150, 1)}, &here, 0},
		{"as soon as it begins", []*ent.Price{row(&here, 100, 150, 1)}, &here, 1},
		{"no longer when it ends", []*ent.Price{row(&here, 50, 100, 1)}, &here, 0},
		{"after the window the lasting one", []*ent.Price{row(&here, 50, 100, 1), row(&here, 0, 0, 2)}, &here, 2},
	} {
		t.Run(c.says, func(t *testing.T) {
			for range 2 {
				got := choose(c.rows, c.channel, now)
				if c.wants == 0 {
					require.Nil(t, got)
				} else {
					require.NotNil(t, got)
					require.Equal(t, c.wants, got.Amount)
				}
				slices.Reverse(c.rows) // the order of rows says nothing
			}
		})
	}
}

func TestMarkupBecomesText(t *testing.T) {
	for markup, wants := range map[string]string{
		"plain text":                                  "plain text",
		"5 < 6 > 3 & more":                            "5 < 6 > 3 & more",
		"<p>One.</p><p>Two &amp; three</p>":           "One.\nTwo & three",
		"a<br>b<br/>c":                                "a\nb\nc",
		"x<script>alert(1)</script>y":                 "xy",
		"x<SCRIPT src=a>alert('</p>')</Script >y":     "xy",
		"<style>p{}</style><b onclick=\"x>y\">b</b>":  "b",
		"<a href=\"javascript:alert(1)\">link</a>":    "link",
		"&lt;script&gt;alert(1)&lt;/script&gt;end":    "end",
		"&amp;lt;img src=x onerror=alert(1)&amp;gt;z": "z",
		"<scr<script>x</script>ipt>alert(1)":          "xipt>alert(1)",
		"<!-- <b> -->seen<!-- open":                   "seen",
		"<img src=x onerror=alert(1)":                 "",
		"<header>H</header><head>no</header></head>t": "Ht",
		"soft&shy;hyphen":                             "softhyphen",
		"<iframe>":                                    "",
	} {
		require.Equal(t, wants, plain(markup), markup)
	}
}

func TestTextIsSafeAndStaysAsItIs(t *testing.T) {
	part := rapid.SampledFrom([]string{"<", ">", "&", "lt;", "gt;", "amp;", "#60;", "script", "/", "!--", "--", " ", "\n", "a", "b=", "\"", "'", "svg", "p", "ﬀ", "汉"})
	rapid.Check(t, func(t *rapid.T) {
		in := ""
		for _, p := range rapid.SliceOfN(part, 0, 40).Draw(t, "parts") {
			in += p
		}
		out := plain(in)
		for i := range len(out) {
			if out[i] == '<' && opensTag(out[i+1:]) {
				t.Fatalf("%q leaves the tag in %q", in, out)
			}
		}
		if again := plain(out); again != out {
			t.Fatalf("%q becomes %q and then %q", in, out, again)
		}
	})
}

func TestHandlesOfTitles(t *testing.T) {
	for title, wants := range map[string]string{
		"Linen Tee": "linen-tee", "  50% Off!! ": "50-off", "Women's Ｔee": "womens-tee", "亚麻": "", "Café": "", "--": "",
	} {
		got, ok := slug(title)
		require.Equal(t, wants, got, title)
		require.Equal(t, wants != "", ok, title)
	}
}
