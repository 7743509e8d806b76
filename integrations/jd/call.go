package jd

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd/api"
	"github.com/oneshelf/oneshelf/internal/httpx"
)

// maxBody bounds an answer: a page of 100 orders is well below 1 MiB.
const maxBody = 16 << 20

// call sends one request and reads the answer into out. Errors are integrations.Error. A timestamp the gateway does not take is signed
// anew once, since the request may only have waited too long on its way.
func (s *shop) call(ctx context.Context, method string, in, out any) error {
	err := s.send(ctx, method, in, out)
	if err != nil && integrations.AsError(err).Code == "8" {
		err = s.send(ctx, method, in, out)
	}
	return err
}

func (s *shop) send(ctx context.Context, method string, in, out any) error {
	// Encoded once: the bytes that are signed are the bytes that go out.
	business, err := json.Marshal(in)
	if err != nil {
		return &integrations.Error{Kind: integrations.Rejected, Code: "ENCODING", Message: method, Err: err}
	}
	params := map[string]string{
		"360buy_param_json": string(business),
		"access_token":      s.token,
		"app_key":           s.key,
		"method":            method,
		"timestamp":         s.now().In(api.China).Format(api.Layout),
		"v":                 "2.0",
	}
	// All of it goes into the body, which nobody logs: an address with a token in it would be.
	form := url.Values{"sign": {sign(s.secret, params)}}
	for name, value := range params {
		form.Set(name, value)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.gateway, strings.NewReader(form.Encode()))
	if err != nil {
		return &integrations.Error{Kind: integrations.Misconfigured, Code: "GATEWAY", Message: "the gateway's address is no address"}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	resp, err := s.http.Do(req)
	if err != nil {
		return &integrations.Error{Kind: integrations.Temporary, Code: "NETWORK", Message: method, Err: httpx.WithoutURL(err)}
	}
	body, err := httpx.ReadAll(resp, maxBody)
	if err != nil {
		return &integrations.Error{Kind: integrations.Temporary, Code: "NETWORK", Message: method, Err: httpx.WithoutURL(err)}
	}
	if err := statusError(resp); err != nil {
		return err
	}
	return unwrap(method, body, out)
}

// statusError judges an answer that is not 200: it comes from something in front of the gateway.
func statusError(resp *http.Response) error {
	code := "HTTP_" + strconv.Itoa(resp.StatusCode)
	switch {
	case resp.StatusCode == http.StatusOK:
		return nil
	case resp.StatusCode == http.StatusTooManyRequests:
		e := made(integrations.Limited, code, "too many requests")
		if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && n >= 0 && n <= 86400 {
			e.RetryAfter = time.Duration(n) * time.Second
		}
		return e
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode == http.StatusForbidden:
		return made(integrations.Temporary, code, "the gateway answered with an error page")
	default:
		return made(integrations.Misconfigured, code, "there is no gateway at this address")
	}
}

// unwrap takes an answer out of its wrapper. The wrapper is the method's name with _responce (JD's spelling) or _response behind it;
// a failure may stand in its place or inside it.
func unwrap(method string, body []byte, out any) error {
	body = withoutControls(body)
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(body, &envelope); err != nil {
		// An HTML page, nothing, or an answer cut off midway. Whether the call had an effect is not known.
		return made(integrations.Temporary, "NOT_JSON", "the answer to "+method+" is no JSON")
	}
	if raw, ok := envelope["error_response"]; ok {
		return fault(method, raw)
	}
	base := strings.ReplaceAll(method, ".", "_")
	raw, ok := envelope[base+"_responce"]
	if !ok {
		raw, ok = envelope[base+"_response"]
	}
	if !ok {
		if _, bare := envelope["code"]; bare {
			return fault(method, body)
		}
		return made(integrations.Temporary, "NO_WRAPPER", "the answer to "+method+" has an unknown shape")
	}
	var f api.Fault
	if err := json.Unmarshal(raw, &f); err != nil {
		return made(integrations.Temporary, "SHAPE", "the answer to "+method+" has an unknown shape")
	}
	if f.Code != "" && f.Code != "0" {
		return gatewayError(f)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		// The decoder's own text may quote the answer, so it stays inside.
		return made(integrations.Temporary, "SHAPE", "the answer to "+method+" has fields of unknown types")
	}
	return nil
}

func fault(method string, raw []byte) error {
	var f api.Fault
	if err := json.Unmarshal(raw, &f); err != nil {
		return made(integrations.Temporary, "SHAPE", "the refusal of "+method+" has an unknown shape")
	}
	return gatewayError(f)
}

// withoutControls makes raw control characters, which buyers' texts carry and JSON forbids, into spaces.
func withoutControls(body []byte) []byte {
	if bytes.IndexFunc(body, func(r rune) bool { return r < ' ' }) < 0 {
		return body
	}
	out := bytes.Clone(body)
	for i, c := range out {
		if c < ' ' {
			out[i] = ' '
		}
	}
	return out
}
