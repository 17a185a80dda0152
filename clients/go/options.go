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
	// DefaultTimeout is the deadline of a call without its own. A phone call is waiting: an error that the dialer can act
	// on is better than a late response.
	DefaultTimeout = 5 * time.Second

	// DefaultCarrierTimeout is the same for calls that wait for the carrier, which may take seconds for each number. After
	// a timeout the caller has to ask again for the outcome of a purchase.
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
		return nil, errors.New("a key is sent only over TLS, except to a server on this machine: add WithTLS, or leave the key out")
	}
	return s, nil
}

// WithAddresses adds more servers, each as host:port. Calls are spread over all servers in turn, and a retry goes to a
// different server than the call that failed.
func WithAddresses(addresses ...string) Option {
	return func(s *settings) error {
		s.addresses = append(s.addresses, addresses...)
		return nil
	}
}

// WithKey sends the API key with every call, as "authorization: Bearer KEY", unless the metadata of the call has another
// one. [New] refuses a key without TLS, unless all servers are on this machine.
func WithKey(key string) Option {
	return func(s *settings) error {
		if key == "" {
			return errors.New("the key is empty")
		}
		// A header can only hold visible ASCII. The usual mistake is the line break at the end of a file.
		if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return errors.New("the key must be visible ASCII characters, without spaces or line breaks")
		}
		s.key = key
		return nil
	}
}

// WithTLS encrypts the connection and verifies the server's certificate, against the system's root certificates unless
// [WithRootCertificates] sets others.
func WithTLS() Option {
	return func(s *settings) error {
		if s.tls == nil {
			s.tls = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		return nil
	}
}

// WithTLSConfig encrypts the connection with your own configuration, for example one that renews its client certificate.
// The configuration is copied; a later [WithRootCertificates] or [WithClientCertificate] changes the copy.
func WithTLSConfig(config *tls.Config) Option {
	return func(s *settings) error {
		if config == nil {
			return errors.New("the TLS configuration is nil")
		}
		s.tls = config.Clone()
		return nil
	}
}

// WithRootCertificates encrypts the connection and trusts only servers whose certificate was issued by one of these root
// certificates (PEM).
func WithRootCertificates(pem []byte) Option {
	return func(s *settings) error {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return errors.New("the root certificate is not a certificate in PEM")
		}
		return s.withTLS(func(config *tls.Config) { config.RootCAs = roots })
	}
}

// WithClientCertificate encrypts the connection and presents this certificate (PEM, followed by any intermediate
// certificates), with its private key (PEM).
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

// WithTimeout sets the deadline of a call whose context has none, including all retries. The default is [DefaultTimeout].
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) error {
		s.timeout = timeout
		return positive("the timeout", timeout)
	}
}

// WithCarrierTimeout is [WithTimeout] for calls that wait for the carrier: search, purchase, import, reconcile and delete
// numbers, and list importable numbers. The default is [DefaultCarrierTimeout].
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

// WithoutReadYourWrites turns off reading your own writes.
//
// By default the client remembers, for each organization, the newest revision that a change returned, and sends it as the
// min_revision of each call to resolve or explain that has none. Such a call therefore sees the change, whichever server
// answers.
func WithoutReadYourWrites() Option {
	return func(s *settings) error {
		s.readYourWrites = false
		return nil
	}
}

// WithDialOptions adds gRPC options, such as interceptors or a stats handler. They override those of this package.
//
// The client pings an idle connection every 30 seconds, which the localdial server permits. A proxy in between may close
// the connection with too_many_pings; raise the interval in that case, with [grpc.WithKeepaliveParams].
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) error {
		s.dialOptions = append(s.dialOptions, options...)
		return nil
	}
}

// Timeout sets the deadline of one call, including all retries, instead of the client's default. For [Pages] it applies to
// each page. If the context has a deadline too, the earlier one applies.
func Timeout(timeout time.Duration) grpc.CallOption {
	return timeoutOption{timeout: timeout}
}

// timeoutOption is ignored by gRPC, because it embeds the option without effect.
type timeoutOption struct {
	grpc.EmptyCallOption
	timeout time.Duration
}
