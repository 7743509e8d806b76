package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/internal/seal"
)

const (
	keyExt = ".pem"
	// firstKey holds the very first key for the moment in which processes that start at once agree on it.
	firstKey = ".first"
	maxPEM   = 16 << 10
)

// PublicKeys keeps the public keys of all processes of one database, so that each verifies the tokens of the others.
// Implementations may be called by many at once; saving the same key again does no harm.
type PublicKeys interface {
	// Load gives every key by its kid.
	Load(ctx context.Context) (map[string]ed25519.PublicKey, error)
	Save(ctx context.Context, kid string, key ed25519.PublicKey) error
}

// Keys are the server's own signing keys: the newest signs, all of them verify. They do not change once loaded and may be used by
// many at once.
type Keys struct {
	id      string
	private ed25519.PrivateKey
	public  map[string]ed25519.PublicKey
}

// LoadKeys reads every key in dir: Ed25519 in PKCS#8 PEM, one file a key, named by its kid, not open to group and others. When
// there is none it makes one; processes that start at the same time agree on it. A key is rotated by putting a newer file beside
// the old one; the old is taken away when its last token has expired.
func LoadKeys(dir string) (*Keys, error) {
	files, err := keyFiles(dir)
	if err == nil && len(files) == 0 {
		files, err = makeFirst(dir)
	}
	if err != nil {
		return nil, err
	}
	k := &Keys{public: map[string]ed25519.PublicKey{}}
	var newest time.Time
	for _, f := range files { // sorted by name, so files of one age are chosen from alike everywhere
		private, err := readKey(filepath.Join(dir, f.name))
		if err != nil {
			return nil, err
		}
		id := strings.TrimSuffix(f.name, keyExt)
		k.public[id] = private.Public().(ed25519.PublicKey)
		if k.private == nil || f.at.After(newest) {
			k.id, k.private, newest = id, private, f.at
		}
	}
	return k, nil
}

// ID is the kid of the key that signs.
func (k *Keys) ID() string { return k.id }

// Public gives the public keys by their kid. The map is the caller's.
func (k *Keys) Public() map[string]ed25519.PublicKey { return maps.Clone(k.public) }

// Publish saves the public keys for the other processes.
func (k *Keys) Publish(ctx context.Context, to PublicKeys) error {
	for _, id := range slices.Sorted(maps.Keys(k.public)) {
		if err := to.Save(ctx, id, k.public[id]); err != nil {
			return fmt.Errorf("publish a signing key: %w", err)
		}
	}
	return nil
}

// Format hides the keys from every verb of fmt.
func (k Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "auth.Keys("+k.id+")") }

type keyFile struct {
	name string
	at   time.Time
}

func keyFiles(dir string) ([]keyFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the signing keys: %w", err)
	}
	var out []keyFile
	for _, e := range entries {
		id, isKey := strings.CutSuffix(e.Name(), keyExt)
		if !isKey || strings.HasPrefix(id, ".") {
			continue
		}
		if !validKID(id) {
			return nil, fmt.Errorf("the signing key file %q is not named by a kid: letters, digits, - and _, at most 64", e.Name())
		}
		info, err := e.Info()
		if err != nil {
			return nil, fmt.Errorf("look at a signing key: %w", err)
		}
		out = append(out, keyFile{e.Name(), info.ModTime()})
	}
	return out, nil
}

// validKID holds for the server's own keys; other issuers name theirs as they like.
func validKID(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	})
}

// makeFirst makes the first key. Its name depends on its content, so a link to that name cannot decide who wins: the fixed name
// firstKey does. Each step may be repeated by any process after a crash of the one that began it.
func makeFirst(dir string) ([]keyFile, error) {
	first := filepath.Join(dir, firstKey)
	for range 10 { // one round is enough unless another process finishes in the middle of ours
		fresh, err := newKeyPEM()
		if err != nil {
			return nil, err
		}
		if err := seal.WriteOnce(first, fresh); err != nil {
			return nil, err
		}
		agreed, err := seal.ReadSecret(first, maxPEM)
		// Another process may have finished before our link, which then is left over, and even before we read. So the folder is
		// looked at last: while no key is in it, what was read is what everybody reads.
		if files, listErr := keyFiles(dir); listErr != nil || len(files) > 0 {
			return files, errors.Join(listErr, removeIfThere(first))
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		private, err := parseKey(agreed)
		if err != nil {
			return nil, fmt.Errorf("the signing key %s: %w", first, err)
		}
		if err := seal.WriteOnce(filepath.Join(dir, kidOf(private.Public().(ed25519.PublicKey))+keyExt), agreed); err != nil {
			return nil, err
		}
		if err := removeIfThere(first); err != nil {
			return nil, err
		}
		return keyFiles(dir)
	}
	return nil, errors.New("could not make the first signing key: other processes keep interfering")
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("clear away after making a signing key: %w", err)
	}
	return nil
}

func newKeyPEM() ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("write a signing key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func readKey(path string) (ed25519.PrivateKey, error) {
	data, err := seal.ReadSecret(path, maxPEM)
	if err != nil {
		return nil, err
	}
	private, err := parseKey(data)
	if err != nil {
		return nil, fmt.Errorf("the signing key %s: %w", path, err)
	}
	return private, nil
}

// parseKey tells nothing of the file's content in its errors.
func parseKey(data []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("is not a PKCS#8 PEM file")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("is not a PKCS#8 key")
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("is not an Ed25519 key")
	}
	return private, nil
}

func kidOf(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return base64.RawURLEncoding.EncodeToString(sum[:])[:16]
}
