package localdial

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
)

const (
	// DefaultTimeout is the deadline of a call that has none of its own. A phone rings meanwhile: better an error that
	// the dialer can act upon than a late answer.
	DefaultTimeout = 5 * time.Second

	// DefaultCarrierTimeout is that of the calls that wait for the carrier, which may take seconds for each number; and
	// a purchase that is given up half way must be asked about again.
	DefaultCarrierTimeout = 60 * time.Second
)

// Option is a setting of a [Client], for [New].
type Option func(*settings) error

type settings struct {
	addresses      []string
	key            string
	tls            *tls.Config
	timeout        time.Duration
	carrierTimeout time.Duration
	readYourWrites bool
	dialOptions    []grpc.DialOption
}

func newSettings(address string, options []Option) (*settings, error) {
	s := &settings{
		addresses:      []string{address},
		timeout:        DefaultTimeout,
		carrierTimeout: DefaultCarrierTimeout,
		readYourWrites: true,
	}
	for _, option := range options {
		if err := option(s); err != nil {
			return nil, err
		}
	}
	if err := checkAddresses(s.addresses); err != nil {
		return nil, err
	}
	if s.key != "" && s.tls == nil && slices.ContainsFunc(s.addresses, isRemote) {
		return nil, errors.New("a key is sent over TLS only, except to this machine: add WithTLS, or leave the key out")
	}
	return s, nil
}

// WithAddresses adds further servers, each as host:port. Calls are spread over all of them in turn, and a repeat goes to
// another one than the call that failed.
func WithAddresses(addresses ...string) Option {
	return func(s *settings) error {
		s.addresses = append(s.addresses, addresses...)
		return nil
	}
}

// WithKey sends the key with every call, as `authorization: Bearer KEY`, unless the metadata of the call has another. [New]
// refuses a key without TLS, unless all servers are on this machine.
func WithKey(key string) Option {
	return func(s *settings) error {
		if key == "" {
			return errors.New("the key is empty")
		}
		// What is not visible ASCII cannot be sent in a header; most often it is the end of the line of a file.
		if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return errors.New("the key has other characters than visible ASCII; is there a space or an end of line in it?")
		}
		s.key = key
		return nil
	}
}

// WithTLS encrypts the connection, and checks the server's certificate against the system's root certificates unless
// [WithRootCertificates] names others.
func WithTLS() Option {
	return func(s *settings) error {
		if s.tls == nil {
			s.tls = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		return nil
	}
}

// WithTLSConfig encrypts the connection by a configuration of your own, such as one whose client certificate is renewed
// meanwhile. The configuration is copied; [WithRootCertificates] and [WithClientCertificate] after it add to the copy.
func WithTLSConfig(config *tls.Config) Option {
	return func(s *settings) error {
		if config == nil {
			return errors.New("the TLS configuration is nil")
		}
		s.tls = config.Clone()
		return nil
	}
}

// WithRootCertificates encrypts the connection, and trusts only servers whose certificate was issued by one of these
// (PEM).
func WithRootCertificates(pem []byte) Option {
	return func(s *settings) error {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return errors.New("the root certificate is not a certificate in PEM")
		}
		return s.withTLS(func(config *tls.Config) { config.RootCAs = roots })
	}
}

// WithClientCertificate encrypts the connection, and shows the server this certificate (PEM, with those between it and
// the root, if any) and proves it by its private key (PEM).
func WithClientCertificate(certificate, key []byte) Option {
	return func(s *settings) error {
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return fmt.Errorf("the client certificate and its key cannot be used: %w", err)
		}
		return s.withTLS(func(config *tls.Config) { config.Certificates = []tls.Certificate{pair} })
	}
}

func (s *settings) withTLS(change func(*tls.Config)) error {
	if err := WithTLS()(s); err != nil {
		return err
	}
	change(s.tls)
	return nil
}

// WithTimeout sets the deadline of a call whose context has none, over all its repeats together; [DefaultTimeout] if
// not set.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) error {
		s.timeout = timeout
		return positive("the timeout", timeout)
	}
}

// WithCarrierTimeout is [WithTimeout] for the calls that wait for the carrier (search, purchase, import and delete
// numbers); [DefaultCarrierTimeout] if not set.
func WithCarrierTimeout(timeout time.Duration) Option {
	return func(s *settings) error {
		s.carrierTimeout = timeout
		return positive("the carrier timeout", timeout)
	}
}

func positive(name string, timeout time.Duration) error {
	if timeout <= 0 {
		return fmt.Errorf("%s is %v; it must be more than 0", name, timeout)
	}
	return nil
}

// WithoutReadYourWrites stops the client from seeing to it that a resolve knows the client's own changes.
//
// By itself the client remembers, for each organization, the highest revision that a change answered, and asks
// for it (`min_revision`) in each call to resolve that does not ask for one. So a resolve after a change is decided by
// the change, whichever server answers.
func WithoutReadYourWrites() Option {
	return func(s *settings) error {
		s.readYourWrites = false
		return nil
	}
}

// WithDialOptions adds options of gRPC, such as interceptors or a stats handler; they win over those of this package.
//
// One is worth knowing: a quiet connection is pinged every 30 seconds, which the localdial server permits. Where a
// proxy in between does not, it closes the connection with too_many_pings; raise the interval then, with
// [grpc.WithKeepaliveParams].
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) error {
		s.dialOptions = append(s.dialOptions, options...)
		return nil
	}
}

// Timeout is the deadline of one call, over all its repeats together, in place of the client's. For [Pages] it holds
// for each page. A deadline of the context holds too; the earlier one counts.
func Timeout(timeout time.Duration) grpc.CallOption {
	return timeoutOption{timeout: timeout}
}

// gRPC passes over options that it does not know, as long as they embed the one without effect.
type timeoutOption struct {
	grpc.EmptyCallOption
	timeout time.Duration
}
