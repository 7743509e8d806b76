package taobao

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/taobao/api"
)

// Sub codes say more than codes: the same isv.* error has been seen under 15, 50 and 530. Calls routed through Tmall may add a suffix.
// Source: the platform's error code lists (codes below 100; isp.* and isv.* sub codes).
func classify(e api.Error, now time.Time) *integrations.Error {
	sub := strings.TrimSuffix(e.SubCode, "-tmall")
	out := &integrations.Error{Kind: kindOf(string(e.Code), sub), Code: string(e.Code), Message: clip(firstOf(e.SubMsg, e.Msg))}
	if sub != "" {
		out.Code = sub
	}
	if out.Kind == integrations.Limited {
		out.RetryAfter = ban(sub, e.SubMsg, now)
	}
	return out
}

func kindOf(code, sub string) integrations.ErrorKind {
	family, detail, _ := strings.Cut(sub, ":")
	switch {
	case strings.HasPrefix(sub, "accesscontrol.limited-by-"):
		return integrations.Limited
	case slices.Contains([]string{"session-expired", "session-not-exist", "invalid-sessionkey", "sessionkey-not-generated-by-server"}, family):
		return integrations.Unauthorized
	case sub == "isp.top-parse-error", sub == "isp.top-mapping-parse-error":
		return integrations.Misconfigured
	case strings.HasPrefix(sub, "isp."):
		return integrations.Temporary
	case detail == "B150" || strings.HasSuffix(detail, "S01"): // the shipping back end is busy, although it says isv
		return integrations.Temporary
	case family == "isv.trade-not-exist", family == "isv.item-is-delete", detail == "ITEM_NOT_FOUND", detail == "ORDER_NOT_FOUND_ERROR",
		detail == "IC_CHECKSTEP_SKU_NOT_FOUND":
		return integrations.Missing
	case strings.HasPrefix(sub, "isv.permission-"), family == "isv.invalid-permission", family == "isv.shop-not-exist":
		return integrations.Misconfigured
	}
	switch code {
	case "3", "10":
		return integrations.Temporary
	case "4", "5", "6", "7", "8":
		return integrations.Limited
	case "26", "27", "42", "44":
		return integrations.Unauthorized
	case "9", "11", "12", "13", "21", "22", "23", "24", "25", "28", "29", "30", "31", "32", "33", "34", "47":
		return integrations.Misconfigured
	}
	if code == "15" && sub == "" {
		return integrations.Temporary
	}
	return integrations.Rejected
}

var banText = regexp.MustCompile(`last for (\d+) more second`)

// ban is how long the platform wants to be left alone. Where it does not say: a second, but for the day's quota until 24:00 Beijing time.
func ban(sub, text string, now time.Time) time.Duration {
	if m := banText.FindStringSubmatch(text); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n <= 7*24*3600 {
			return time.Duration(n) * time.Second
		}
	}
	if sub == "accesscontrol.limited-by-app-access-count" {
		day := now.In(china)
		return time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, china).Sub(now)
	}
	return time.Second
}

// lost is an answer that never came: the outcome of a write is unknown then, and all of ours bear repeating.
func lost(err error) *integrations.Error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the address is left out of what people read
	}
	return &integrations.Error{Kind: integrations.Temporary, Code: "NO_ANSWER", Message: "the gateway did not answer", Err: err}
}

// garbled is an answer that is not the platform's: a proxy's page, or a part of one.
func garbled(why string) *integrations.Error {
	return &integrations.Error{Kind: integrations.Temporary, Code: "BAD_ANSWER", Message: why}
}

// status is an answer the gateway itself never gives: its errors come with 200.
func status(resp *http.Response) *integrations.Error {
	e := garbled("HTTP " + strconv.Itoa(resp.StatusCode))
	if resp.StatusCode == http.StatusTooManyRequests {
		e.Kind, e.RetryAfter = integrations.Limited, time.Second
		if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && n > 0 && n <= 24*3600 {
			e.RetryAfter = time.Duration(n) * time.Second
		}
	}
	return e
}

func rejected(code, message string) *integrations.Error {
	return &integrations.Error{Kind: integrations.Rejected, Code: code, Message: message}
}

// is tells whether err is the platform's error of one kind.
func is(err error, kind integrations.ErrorKind) bool {
	e, ok := errors.AsType[*integrations.Error](err)
	return ok && e.Kind == kind
}

func clip(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
