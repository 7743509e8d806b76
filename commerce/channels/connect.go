package channels

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/channel"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/integrations"
)

// ConnectInput opens a channel, or changes the one of this code.
type ConnectInput struct {
	Kind, Code, Name string
	Settings         []Setting
}

// Setting is a named value.
type Setting struct{ Name, Value string }

// Connect opens a channel; an existing code gets the new name and settings, and a secret that is not given again stays, unless an
// address changes: what was entrusted to one host is not sent to another. Secrets are sealed before they are stored. The channel is
// ACTIVE afterwards: what stood in its way before is tried again.
// Errors: FORBIDDEN without channels:write; INVALID_INPUT naming the setting; CONFLICT when the code is of another kind.
func (s *Service) Connect(ctx context.Context, in ConnectInput) (*ent.Channel, error) {
	if err := auth.Need(ctx, auth.ChannelsWrite); err != nil {
		return nil, err
	}
	if err := errors.Join(in.clean()...); err != nil {
		return nil, err
	}
	adapter, known := s.adapter(in.Kind)
	if !known && in.Kind != Storefront {
		return nil, commerce.Invalid([]string{"kind"}, "%q is not a kind that channelKinds lists", in.Kind)
	}
	adapter.Kind = in.Kind // a shop of the brand's own has no adapter
	return events.Do(ctx, s.Store, func(tx *events.Tx) (*ent.Channel, error) {
		old, err := tx.Ent.Channel.Query().Where(channel.CodeFolded(commerce.Fold(in.Code))).Only(ctx)
		if err != nil && !ent.IsNotFound(err) {
			return nil, err
		}
		if old == nil && (tx.Viewer.NarrowedByChannel() || tx.Viewer.NarrowedByLocation()) {
			return nil, commerce.Errorf(commerce.Forbidden, "a narrowed token cannot open channels")
		}
		if old != nil && old.Kind != in.Kind {
			return nil, commerce.Errorf(commerce.Conflict, "this code is of another kind of channel").At("kind")
		}
		id := commerce.NewUUID()
		if old != nil {
			id = old.ID
		}
		plain, sealed, err := s.split(adapter, id, old, in.Settings)
		if err != nil {
			return nil, err
		}
		if err := tx.RaiseGeneration(ctx); err != nil {
			return nil, err
		}
		if old != nil {
			if err := due(ctx, tx, id); err != nil {
				return nil, err
			}
			return tx.Ent.Channel.UpdateOne(old).SetName(in.Name).SetSettings(plain).SetSecrets(sealed).SetState(Active).
				SetLastErrorCode("").SetLastErrorMessage("").AddVersion(1).SetUpdatedAt(tx.Now).Save(ctx)
		}
		currency := adapter.Currency
		if currency == "" {
			currency = tx.Viewer.Currency
		}
		return tx.Ent.Channel.Create().SetID(id).SetCode(in.Code).SetCodeFolded(commerce.Fold(in.Code)).SetName(in.Name).SetKind(in.Kind).
			SetState(Active).SetCurrency(currency).SetSettings(plain).SetSecrets(sealed).SetCreatedAt(tx.Now).SetUpdatedAt(tx.Now).Save(ctx)
	})
}

// due has everything that waits for another try on a channel tried at once.
func due(ctx context.Context, tx *events.Tx, id commerce.UUID) error {
	if _, err := tx.Exec(ctx, "UPDATE listings SET due_at = ? WHERE brand_id = ? AND channel_id = ? AND (due_at > ? OR due_at = 0 AND attempts > 0 AND "+selling+")",
		tx.Now, tx.Viewer.Brand, id, tx.Now); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE outbox_items SET next_attempt_at = ? WHERE brand_id = ? AND channel_id = ? AND state = ? AND next_attempt_at > ?",
		tx.Now, tx.Viewer.Brand, id, outboxPending, tx.Now)
	return err
}

func (in *ConnectInput) clean() []error {
	var errs fields
	errs.text(&in.Code, commerce.CodeText, "code")
	errs.text(&in.Name, commerce.NameText, "name")
	seen := map[string]bool{}
	in.Settings = slices.Clone(in.Settings) // what the caller gave stays as it is
	for i := range in.Settings {
		set := &in.Settings[i]
		at := func(field string) []string { return []string{"settings", strconv.Itoa(i), field} }
		errs.text(&set.Name, commerce.CodeText, at("name")...)
		errs.text(&set.Value, commerce.Text{Max: 2000}, at("value")...)
		if seen[set.Name] {
			errs.add(commerce.Invalid(at("name"), "is given twice"))
		}
		seen[set.Name] = true
	}
	return errs
}

// split checks settings against what the kind needs and parts them into plain ones and sealed secrets. Secrets of the channel that
// are not given again are kept, where they go to the same addresses.
func (s *Service) split(a integrations.Adapter, id commerce.UUID, old *ent.Channel, given []Setting) (plain map[string]string, sealed []byte, err error) {
	all := map[string]string{}
	secret := map[string]bool{}
	for _, set := range a.Settings {
		secret[set.Name] = set.Secret
	}
	var before map[string]string
	if old != nil {
		kept, err := s.settings(old)
		if err != nil {
			kept = map[string]string{} // sealed with a key that is lost: all secrets must be given again, which Check asks for
		}
		before = maps.Clone(kept)
		maps.DeleteFunc(kept, func(name, _ string) bool { return !secret[name] })
		maps.Copy(all, kept)
	}
	for i, set := range given {
		if set.Value == "" {
			delete(all, set.Name)
			continue
		}
		all[set.Name] = set.Value
		if err := s.checkURL(a, set); err != nil {
			return nil, nil, commerce.Invalid([]string{"settings", strconv.Itoa(i), "value"}, "%s", err.Error())
		}
	}
	if err := a.Check(all); err != nil {
		return nil, nil, commerce.Invalid([]string{"settings"}, "%s", err.Error())
	}
	if err := errors.Join(entrusted(a, before, all, given)...); err != nil {
		return nil, nil, err
	}
	plain, hidden := map[string]string{}, map[string]string{}
	for name, value := range all {
		if secret[name] {
			hidden[name] = value
		} else {
			plain[name] = value
		}
	}
	if len(hidden) == 0 {
		return plain, nil, nil
	}
	text, err := json.Marshal(hidden)
	if err != nil {
		return nil, nil, err
	}
	return plain, s.Seal.Seal(text, id[:]), nil
}

// entrusted finds the secrets of a channel that would go to another address than the one they were given for.
func entrusted(a integrations.Adapter, before, after map[string]string, given []Setting) (errs fields) {
	if !slices.ContainsFunc(a.Settings, func(set integrations.Setting) bool { return set.URL && before[set.Name] != after[set.Name] }) {
		return nil
	}
	for _, set := range a.Settings {
		anew := slices.ContainsFunc(given, func(g Setting) bool { return g.Name == set.Name })
		if set.Secret && before[set.Name] != "" && !anew {
			errs.add(commerce.Invalid([]string{"settings", set.Name}, "must be given again, since an address changes"))
		}
	}
	return errs
}

// checkURL refuses an address that the guard would not let out.
func (s *Service) checkURL(a integrations.Adapter, set Setting) error {
	for _, known := range a.Settings {
		if known.Name != set.Name || !known.URL {
			continue
		}
		if u, err := url.Parse(set.Value); err != nil || u.Host == "" {
			return errors.New("is not an address such as https://gateway.example/path")
		}
		if err := s.Guard.CheckURL(set.Value); err != nil {
			return errors.New("is not an address this server may call")
		}
	}
	return nil
}

// settings are all the settings of a channel, secrets unsealed.
func (s *Service) settings(c *ent.Channel) (map[string]string, error) {
	out := maps.Clone(c.Settings)
	if out == nil {
		out = map[string]string{}
	}
	if len(c.Secrets) == 0 {
		return out, nil
	}
	text, err := s.Seal.Open(c.Secrets, c.ID[:])
	if err != nil {
		return nil, err
	}
	hidden := map[string]string{}
	if err := json.Unmarshal(text, &hidden); err != nil {
		return nil, err
	}
	maps.Copy(out, hidden)
	return out, nil
}

// opened is a shop with the version of the channel it was opened from.
type opened struct {
	version int64
	shop    *integrations.Connection
}

// open gives the shop of a channel; it is opened once for each version of the channel.
func (s *Service) open(c *ent.Channel) (*integrations.Connection, integrations.Adapter, error) {
	adapter, known := s.adapter(c.Kind)
	if !known {
		return nil, adapter, &integrations.Error{Kind: integrations.Misconfigured, Code: "KIND", Message: "this server has no adapter for " + c.Kind}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, ok := s.shops[c.ID]; ok && o.version == c.Version {
		return o.shop, adapter, nil
	}
	settings, err := s.settings(c)
	if err != nil {
		return nil, adapter, &integrations.Error{Kind: integrations.Misconfigured, Code: "SECRETS", Message: "its secrets cannot be opened with this server's key"}
	}
	shop, err := integrations.Connect(adapter, integrations.Config{
		Settings: settings, Currency: c.Currency, HTTP: s.Guard.Client(callTimeout), Now: s.Store.Now, Log: s.Log.With("channel", c.Code),
	}, s.Connecting...)
	if err != nil {
		return nil, adapter, err
	}
	if s.shops == nil {
		s.shops = map[commerce.UUID]opened{}
	}
	if old, ok := s.shops[c.ID]; ok {
		old.shop.Close()
	}
	s.shops[c.ID] = opened{c.Version, shop}
	return shop, adapter, nil
}

// Find answers the channels that refs name, in their order, nil where the viewer sees none; in one statement.
func Find(ctx context.Context, c *ent.Client, refs []commerce.ChannelRef) ([]*ent.Channel, error) {
	refs = commerce.Cleaned(refs)
	var ids []commerce.UUID
	var codes []string
	for _, r := range refs {
		if r.ID != nil {
			ids = append(ids, *r.ID)
		} else {
			codes = append(codes, commerce.Fold(r.Code))
		}
	}
	found, err := c.Channel.Query().Where(channel.Or(channel.IDIn(ids...), channel.CodeFoldedIn(codes...))).All(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*ent.Channel, len(refs))
	for i, r := range refs {
		for _, ch := range found {
			if (r.ID != nil && ch.ID == *r.ID) || (r.ID == nil && ch.CodeFolded == commerce.Fold(r.Code)) {
				out[i] = ch
			}
		}
	}
	return out, nil
}

// fields gathers what is wrong with an input.
type fields []error

func (f *fields) add(err *commerce.Error) { *f = append(*f, err) }

func (f *fields) text(s *string, rule commerce.Text, path ...string) {
	clean, err := rule.Clean(*s)
	if err != nil {
		f.add(err.At(path...))
		return
	}
	*s = clean
}
