package org.localdial.example;

import com.google.gson.Gson;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The HTTP server: {@code /inbound-calls} for the PBX, and {@code /health} for monitoring. */
final class RouterServer {
    private static final System.Logger LOG = System.getLogger(RouterServer.class.getName());
    private static final Gson GSON = new Gson();
    private static final int THREADS = 16;
    private static final int BACKLOG = 256;
    private static final int MAX_BODY_BYTES = 16 * 1024;

    private final Router router;
    private final HttpServer http;
    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    // Each request in flight is a party, and the server itself is one more until it stops.
    private final Phaser inFlight = new Phaser(1);
    private volatile boolean stopping;

    RouterServer(Router router, InetSocketAddress listen) throws IOException {
        this.router = router;
        http = HttpServer.create(listen, BACKLOG);
        http.createContext("/inbound-calls", this::inboundCall);
        http.createContext("/health", this::health);
        http.setExecutor(threads);
    }

    void start() {
        http.start();
    }

    InetSocketAddress address() {
        return http.getAddress();
    }

    /** Waits up to {@code drain} for the calls in flight to be answered, then stops. */
    void stop(Duration drain) {
        stopping = true;
        int phase = inFlight.arriveAndDeregister();
        try {
            if (phase >= 0 && !inFlight.isTerminated()) {
                inFlight.awaitAdvanceInterruptibly(phase, drain.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (TimeoutException slow) {
            LOG.log(System.Logger.Level.WARNING, "{0} calls are still waiting", inFlight.getUnarrivedParties());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        http.stop(0);
        threads.shutdown();
    }

    private void inboundCall(HttpExchange exchange) throws IOException {
        inFlight.register();
        try {
            Map<String, String> fields = fields(exchange);
            Router.Call call = new Router.Call(
                    number(fields.get("called")), number(fields.get("caller")), fields.getOrDefault("call_id", ""));
            if (call.called().isEmpty()) {
                answerCall(exchange, 400, router.fallback(call, "INVALID_ARGUMENT", "called is required"));
            } else {
                router.route(call).thenAccept(answer -> answerCall(exchange, 200, answer));
            }
        } catch (BadRequest bad) {
            Router.Call unknown = new Router.Call("", "", "");
            answerCall(exchange, bad.status, router.fallback(unknown, "INVALID_ARGUMENT", bad.getMessage()));
        } catch (IOException | RuntimeException gone) {
            inFlight.arriveAndDeregister();
            throw gone;
        }
    }

    private void health(HttpExchange exchange) throws IOException {
        Map<String, Object> fields = new HashMap<>(router.health());
        fields.put("status", stopping ? "stopping" : "ok");
        fields.put("in_flight", Math.max(0, inFlight.getUnarrivedParties() - (stopping ? 0 : 1)));
        answer(exchange, stopping ? 503 : 200, fields);
    }

    /** Answers a call, from any thread. The call is no longer in flight afterwards. */
    private void answerCall(HttpExchange exchange, int status, Map<String, String> fields) {
        try {
            // A 503 shows the PBX that it has to handle the call itself.
            answer(exchange, fields.containsKey("destination") ? status : 503, fields);
        } catch (IOException gone) {
            LOG.log(System.Logger.Level.WARNING, "the PBX did not wait for the answer: {0}", gone.getMessage());
        } finally {
            inFlight.arriveAndDeregister();
        }
    }

    private void answer(HttpExchange exchange, int status, Map<String, ?> fields) throws IOException {
        try (exchange) {
            byte[] body = (GSON.toJson(fields) + "\n").getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            if (stopping) {
                exchange.getResponseHeaders().set("Connection", "close");
            }
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    /** Returns the fields of a call, from the query or from a form. */
    private static Map<String, String> fields(HttpExchange exchange) throws IOException {
        String text = exchange.getRequestURI().getRawQuery();
        if (exchange.getRequestMethod().equals("POST")) {
            byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY_BYTES + 1);
            if (body.length > MAX_BODY_BYTES) {
                throw new BadRequest(413, "the request is too large");
            }
            text = new String(body, StandardCharsets.UTF_8);
        } else if (!exchange.getRequestMethod().equals("GET")) {
            throw new BadRequest(405, "the method must be GET or POST");
        }
        Map<String, String> fields = new HashMap<>();
        for (String field : text == null ? new String[0] : text.split("&")) {
            int equals = field.indexOf('=');
            if (equals > 0) {
                fields.put(decoded(field.substring(0, equals)), decoded(field.substring(equals + 1)));
            }
        }
        return fields;
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException wrong) {
            throw new BadRequest(400, "the fields are not URL-encoded");
        }
    }

    /** Returns the number. Decoding turned a plus sign that the PBX did not encode into a space. */
    private static String number(String text) {
        if (text == null) {
            return "";
        }
        String stripped = text.strip();
        return text.startsWith(" ") && stripped.matches("[0-9]+") ? "+" + stripped : stripped;
    }

    /** The request cannot be read. */
    private static final class BadRequest extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final int status;

        BadRequest(int status, String message) {
            super(message);
            this.status = status;
        }
    }
}
