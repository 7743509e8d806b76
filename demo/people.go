package demo

import (
	"fmt"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/members"
)

// memberCount is how many members the demo brand knows.
const memberCount = 200

// Members are generated, and look it: no number in them can be called, no address written to.
func Members() []members.UpsertInput {
	out := make([]members.UpsertInput, memberCount)
	tiers := []string{"银卡 silver", "银卡 silver", "银卡 silver", "金卡 gold", "黑卡 black"}
	cities := []string{"杭州 Hangzhou", "上海 Shanghai", "北京 Beijing", "成都 Chengdu", "广州 Guangzhou", "西安 Xi'an", "南京 Nanjing"}
	for i := range out {
		n := i + 1
		ref := memberRef(n)
		// 97 is prime to the days of the span, so birthdays spread over years, months and days.
		birthday := time.Date(1962, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n*97*157%16000)
		out[i] = members.UpsertInput{
			By:       &commerce.MemberRef{External: &ref},
			Name:     commerce.Some(fmt.Sprintf("演示会员 %03d Demo Member", n)),
			Phone:    commerce.Some(fmt.Sprintf("+861%010d", n)), // no Chinese mobile number begins with 10
			Email:    commerce.Some(fmt.Sprintf("member%03d@example.com", n)),
			Birthday: commerce.Some(birthday.Format(time.DateOnly)),
			Tags:     commerce.Some([]string{"演示 demo", tiers[i%len(tiers)], cities[i%len(cities)]}),
		}
	}
	return out
}

// memberRef is how the demo names its member of a number.
func memberRef(n int) commerce.Reference {
	return commerce.Reference{System: system, Value: fmt.Sprintf("member-%03d", n)}
}
