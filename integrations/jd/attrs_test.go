package jd_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
)

// sent is what ware.write.add was told of a SKU's attributes.
func (m *market) sent(t *testing.T, sku int) (out [][3]any) {
	t.Helper()
	for _, c := range m.calls {
		if c.method == "jingdong.ware.write.add" {
			for _, a := range c.in["skus"].([]any)[sku].(map[string]any)["saleAttrs"].([]any) {
				one := a.(map[string]any)
				out = append(out, [3]any{one["attrId"], one["attrValues"].([]any)[0], one["attrValueAlias"].([]any)[0]})
			}
			return out
		}
	}
	require.Fail(t, "no ware was made")
	return nil
}

func TestOptionsBecomeTheCategorysAttributes(t *testing.T) {
	m := newMarket(t)
	_, err := m.shop.(integrations.Publisher).Publish(t.Context(), draft("A", "B"))
	require.NoError(t, err)
	require.Equal(t, [][3]any{{"1000016142", "1600002", "S1"}, {"1000016141", "1500001", "白色"}}, m.sent(t, 1))
}

func TestAProductWithoutOptionsIsSoldAllTheSame(t *testing.T) {
	m := newMarket(t)
	d := draft("A-CODE-OF-MORE-THAN-TWENTY-FIVE-LETTERS")
	d.Options, d.Variants[0].Options = nil, nil
	_, err := m.shop.(integrations.Publisher).Publish(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, [][3]any{{"1000016141", "1500001", "默认"}}, m.sent(t, 0))
}

func TestAThirdOptionIsToldWithTheSecond(t *testing.T) {
	m := newMarket(t)
	d := draft("A", "B")
	d.Options = append(d.Options, commerce.OptionSet{Name: "Fit"})
	d.Variants[0].Options = append(d.Variants[0].Options, commerce.Option{Name: "Fit", Value: "修身"})
	d.Variants[1].Options = append(d.Variants[1].Options, commerce.Option{Name: "Fit", Value: "宽松"})
	_, err := m.shop.(integrations.Publisher).Publish(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, [3]any{"1000016141", "1500002", "白色 宽松"}, m.sent(t, 1)[1])
}

func TestWithoutTheAttributesTheOptionsGoOutAsTheyAre(t *testing.T) {
	m := newMarket(t)
	m.closeAPI("jingdong.category.read.findAttrsByCategoryIdUnlimitCate")
	_, err := m.shop.(integrations.Publisher).Publish(t.Context(), draft("A"))
	require.Equal(t, integrations.Rejected, integrations.AsError(err).Kind, "and JD says what it wants")
	require.Equal(t, [][3]any{{"1", "S0", "S0"}, {"2", "白色", "白色"}}, m.sent(t, 0))
}
