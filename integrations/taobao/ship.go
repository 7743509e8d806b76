package taobao

import (
	"context"
	"slices"
	"strings"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/taobao/api"
)

// carriers are the platform's codes for the words of ours that differ from them, and for those that are the same.
// Source: taobao.logistics.companies.get as documented.
var carriers = map[string]string{
	"SF": "SF", "YTO": "YTO", "ZTO": "ZTO", "STO": "STO", "YUNDA": "YUNDA", "EMS": "EMS", "POST": "POST", "CHINAPOST": "POST",
	"ZJS": "ZJS", "HTKY": "HTKY", "BEST": "HTKY", "DTW": "DTW", "HOAU": "HOAU", "OTHER": "OTHER",
}

// Ship reports a parcel of whole lines sent with the seller's own carrier. The marketplace's refusals are judged by what it shows:
// when the parcel is on the trade already, whatever was said against telling it again does not matter.
func (s *shop) Ship(ctx context.Context, p integrations.Shipment) error {
	if !digits(p.Order) {
		return &integrations.Error{Kind: integrations.Missing, Code: "TID", Message: "this is no trade's number"}
	}
	carrier, err := s.carrier(ctx, p.Carrier)
	if err != nil {
		return err
	}
	err = s.send(ctx, p, carrier, p.Split)
	switch shippingCode(err) {
	case "CD16": // it was split before: the rest must be too
		err = s.send(ctx, p, carrier, true)
	case "CD28", "CD29": // nothing else is left: not a split
		if p.Last {
			err = s.send(ctx, p, carrier, false)
		}
	}
	if !is(err, integrations.Rejected) {
		return err
	}
	if onIt, readErr := s.hasParcel(ctx, p); readErr != nil {
		return readErr
	} else if onIt {
		return nil
	}
	return err
}

// send tells one parcel. is_split and sub_tid come together or not at all.
func (s *shop) send(ctx context.Context, p integrations.Shipment, carrier string, split bool) error {
	params := map[string]string{"tid": p.Order, "out_sid": p.TrackingNumber, "company_code": carrier}
	if split {
		var subs []string
		for _, l := range p.Lines {
			if !digits(l.ExternalID) {
				return rejected("LINE", "a line of the parcel is not the marketplace's")
			}
			subs = append(subs, l.ExternalID)
		}
		if len(subs) == 0 {
			return rejected("LINE", "a parcel of a split order names its lines")
		}
		params["is_split"], params["sub_tid"] = "1", strings.Join(subs, ",")
	}
	return s.call(ctx, "taobao.logistics.offline.send", params, nil)
}

// shippingCode is the part of a shipping error that says what is wrong.
func shippingCode(err error) string {
	if !is(err, integrations.Rejected) {
		return ""
	}
	_, code, _ := strings.Cut(integrations.AsError(err).Code, ":")
	return code
}

// hasParcel tells whether every line of the parcel has left under its number.
func (s *shop) hasParcel(ctx context.Context, p integrations.Shipment) (bool, error) {
	o, err := s.Order(ctx, p.Order)
	if err != nil {
		return false, err
	}
	if len(o.Lines) == 0 {
		return false, garbled("the trade cannot be read")
	}
	found := false
	for _, l := range o.Lines {
		named := slices.ContainsFunc(p.Lines, func(want integrations.ShipmentLine) bool { return want.ExternalID == l.ExternalID })
		same := l.TrackingNumber == p.TrackingNumber
		if named && !same {
			return false, nil
		}
		found = found || same && (named || len(p.Lines) == 0)
	}
	return found, nil
}

// carrier finds the platform's code: by our word, else among the carriers it tells of, by code or name; any other is OTHER.
func (s *shop) carrier(ctx context.Context, word string) (string, error) {
	word = strings.TrimSpace(word)
	if code, ok := carriers[strings.ToUpper(word)]; ok {
		return code, nil
	}
	var out struct {
		Companies api.List[api.Company] `json:"logistics_companies"`
	}
	if err := s.call(ctx, "taobao.logistics.companies.get", map[string]string{"fields": "code,name", "order_mode": "offline"}, &out); err != nil {
		return "", err
	}
	for _, c := range out.Companies {
		if strings.EqualFold(c.Code, word) || c.Name == word {
			return c.Code, nil
		}
	}
	return "OTHER", nil
}
