package members

import (
	"context"
	"reflect"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Upserted is a member as it is now, and whether it was made.
type Upserted struct {
	Member  *ent.Member
	Created bool
}

// Upsert makes a member or brings one up to date. Absent keeps, null clears; identities and external references are merged, tags
// replaced. Without By a new member is made each time. A viewer narrowed to channels or locations finds the members of visible orders.
// Errors: FORBIDDEN without members:write; NOT_FOUND for an unknown by id; ALREADY_EXISTS at what another member has, never telling
// whose; INVALID_INPUT and LIMIT_EXCEEDED; all that there are at once. CONFLICT after lost races.
func (s *Service) Upsert(ctx context.Context, in UpsertInput) (Upserted, error) {
	if err := auth.Need(ctx, auth.MembersWrite); err != nil {
		return Upserted{}, err
	}
	clean, err := in.clean(s.Store.Instant())
	if err != nil {
		return Upserted{}, err
	}
	return events.Again(ctx, s.Store, func(tx *events.Tx) (Upserted, error) {
		u := upsert{Tx: tx, in: clean}
		return u.run(ctx)
	})
}

// upsert is one run of Upsert inside its transaction.
type upsert struct {
	*events.Tx
	in    cleaned
	wrong commerce.Errors

	old *ent.Member // nil when it is made
	id  commerce.UUID
	now face
}

// face is what of a member an upsert says; two equal faces need no update.
type face struct {
	Name                                             string
	Phone, PhoneFolded, Email, EmailFolded, Birthday *string
	Tags                                             []string
}

func faceOf(m *ent.Member) face {
	return face{
		Name: m.Name, Phone: m.Phone, PhoneFolded: m.PhoneFolded, Email: m.Email, EmailFolded: m.EmailFolded, Birthday: m.Birthday,
		Tags: append([]string{}, m.Tags...),
	}
}

func (u *upsert) run(ctx context.Context) (Upserted, error) {
	if err := u.find(ctx); err != nil {
		return Upserted{}, err
	}
	if err := u.describe(ctx); err != nil {
		return Upserted{}, err
	}
	externals, err := u.plan(ctx, ofExternals, u.in.externals)
	if err != nil {
		return Upserted{}, err
	}
	identities, err := u.plan(ctx, ofIdentities, u.in.identities)
	if err != nil {
		return Upserted{}, err
	}
	if err := u.wrong.Err(); err != nil {
		return Upserted{}, u.judged(ctx, err)
	}
	return u.save(ctx, externals, identities)
}

// find names the member: the old one, locked, or the id of the one to be made, which takes over what it was looked for by.
func (u *upsert) find(ctx context.Context) error {
	u.id = commerce.NewUUID()
	if u.in.By == nil {
		return nil
	}
	found, err := FindOne(ctx, u.Ent, *u.in.By)
	if err != nil {
		return err
	}
	if found != nil {
		u.id = found.ID
		if _, err := u.Exec(ctx, "SELECT 1 FROM members WHERE brand_id = ? AND id = ?"+u.ForUpdate(), u.Viewer.Brand, u.id); err != nil {
			return err
		}
		u.old, err = u.Ent.Member.Get(ctx, u.id) // as it is now that nobody else changes it
		return err
	}
	switch by := u.in.By; {
	case by.ID != nil:
		return commerce.Errorf(commerce.NotFound, "there is no such member").At("by")
	case by.External != nil:
		u.in.externals = append(u.in.externals, naming{*by.External, []string{"by", "externalRef"}})
	case by.Identity != nil:
		u.in.identities = append(u.in.identities, naming{*by.Identity, []string{"by", "identity"}})
	}
	return nil
}

// describe decides what the member's own fields become.
func (u *upsert) describe(ctx context.Context) error {
	u.now = face{Tags: []string{}}
	phoneAt := []string{"phone"}
	if u.old != nil {
		u.now = faceOf(u.old)
	} else if u.in.By != nil && u.in.By.Phone != "" && !u.in.Phone.Given() {
		u.in.Phone, phoneAt = commerce.Some(u.in.By.Phone), []string{"by", "phone"}
	}
	u.now.Name = u.in.Name.Or(u.now.Name)
	u.now.Birthday = pointer(u.in.Birthday, u.now.Birthday)
	u.now.Tags = append([]string{}, u.in.Tags.Or(u.now.Tags)...)
	if u.in.Phone.Given() {
		u.now.Phone, u.now.PhoneFolded = pointer(u.in.Phone, nil), nil
		if u.now.Phone != nil {
			folded, _ := foldPhone(*u.now.Phone)
			u.now.PhoneFolded = &folded
		}
	}
	if u.in.Email.Given() {
		u.now.Email, u.now.EmailFolded = pointer(u.in.Email, nil), nil
		if u.now.Email != nil {
			folded := commerce.Fold(*u.now.Email)
			u.now.EmailFolded = &folded
		}
	}
	if err := u.free(ctx, "phone_folded", u.now.PhoneFolded, phoneAt); err != nil {
		return err
	}
	return u.free(ctx, "email_folded", u.now.EmailFolded, []string{"email"})
}

// free refuses what another member of the brand has, visible or not, without telling whose it is.
func (u *upsert) free(ctx context.Context, column string, value *string, path []string) error {
	if value == nil {
		return nil
	}
	rows, err := u.Query(ctx, "SELECT id FROM members WHERE brand_id = ? AND "+column+" = ? AND id <> ?", u.Viewer.Brand, *value, u.id)
	others, err := db.Collect(rows, err, db.ScanUUID)
	if len(others) > 0 {
		u.wrong.Add(commerce.Errorf(commerce.AlreadyExists, "another member has this %s", path[len(path)-1]).At(path...))
	}
	return err
}

// plan judges what other systems call the member.
func (u *upsert) plan(ctx context.Context, n names, wanted []naming) ([]commerce.Reference, error) {
	fresh, errs, err := n.plan(ctx, u.Tx, u.id, wanted)
	u.wrong = append(u.wrong, errs...)
	return fresh, err
}

// judged is what is wrong, unless somebody else made the member while we looked: then what is taken may be its own.
func (u *upsert) judged(ctx context.Context, wrong error) error {
	if u.old != nil || u.in.By == nil {
		return wrong
	}
	found, err := FindOne(ctx, u.Ent, *u.in.By)
	if err != nil {
		return err
	}
	if found != nil {
		return events.ErrRaced
	}
	return wrong
}

// save writes what differs, and nothing at all when nothing does.
func (u *upsert) save(ctx context.Context, externals, identities []commerce.Reference) (Upserted, error) {
	touched := len(externals)+len(identities) > 0
	for _, n := range []struct {
		names
		all bool
	}{{ofExternals, u.in.ExternalRefs.IsNull()}, {ofIdentities, u.in.Identities.IsNull()}} {
		if !n.all || u.old == nil {
			continue
		}
		gone, err := n.drop(ctx, u.Tx, u.id)
		if err != nil {
			return Upserted{}, err
		}
		touched = touched || gone
	}
	out := Upserted{Member: u.old, Created: u.old == nil}
	var err error
	switch {
	case out.Created:
		out.Member, err = u.create(ctx)
	case touched || !reflect.DeepEqual(faceOf(u.old), u.now):
		out.Member, err = u.update(ctx)
	default:
		return out, nil
	}
	if err == nil {
		err = ofExternals.save(ctx, u.Tx, u.id, externals)
	}
	if err == nil {
		err = ofIdentities.save(ctx, u.Tx, u.id, identities)
	}
	if err != nil {
		return out, err
	}
	u.Record(events.Fact{Type: events.MemberChanged, Aggregate: u.id, Sequence: out.Member.Version})
	return out, nil
}

func (u *upsert) create(ctx context.Context) (*ent.Member, error) {
	return u.Ent.Member.Create().SetID(u.id).SetCreatedAt(u.Now).SetUpdatedAt(u.Now).SetName(u.now.Name).SetTags(u.now.Tags).
		SetNillablePhone(u.now.Phone).SetNillablePhoneFolded(u.now.PhoneFolded).
		SetNillableEmail(u.now.Email).SetNillableEmailFolded(u.now.EmailFolded).SetNillableBirthday(u.now.Birthday).Save(ctx)
}

func (u *upsert) update(ctx context.Context) (*ent.Member, error) {
	c := u.Ent.Member.UpdateOneID(u.id).AddVersion(1).SetUpdatedAt(u.Now).SetName(u.now.Name).SetTags(u.now.Tags).
		SetNillablePhone(u.now.Phone).SetNillablePhoneFolded(u.now.PhoneFolded).
		SetNillableEmail(u.now.Email).SetNillableEmailFolded(u.now.EmailFolded).SetNillableBirthday(u.now.Birthday)
	if u.now.Phone == nil {
		c.ClearPhone().ClearPhoneFolded()
	}
	if u.now.Email == nil {
		c.ClearEmail().ClearEmailFolded()
	}
	if u.now.Birthday == nil {
		c.ClearBirthday()
	}
	return c.Save(ctx)
}

// pointer is the value said, or old when nothing was.
func pointer(m commerce.Maybe[string], old *string) *string {
	if !m.Given() {
		return old
	}
	v, ok := m.Get()
	if !ok {
		return nil
	}
	return &v
}
