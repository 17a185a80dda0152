/**
 * Client of localdial, the local presence service: {@link org.localdial.client.LocaldialClient}.
 *
 * <p>Requests and responses are the messages of {@code org.localdial.v1}. What this package adds is a connection
 * set up for a service on the path of a phone call: a deadline on every call, repeats where they are safe, and
 * errors as exceptions with their reason.
 */
package org.localdial.client;
