package org.localdial.example;

import java.io.IOException;
import org.localdial.client.CallRouting;
import org.localdial.client.LocaldialClient;

/** Routes call-backs for a PBX, which asks over HTTP with which number to connect a caller. */
public final class CallbackRouter {
    private CallbackRouter() {
    }

    /** Serves until SIGTERM, with settings from the environment. */
    public static void main(String[] arguments) throws IOException {
        // Log each event on one line.
        System.setProperty("java.util.logging.SimpleFormatter.format", "%1$tFT%1$tT.%1$tL %4$s %5$s%6$s%n");
        // Limit the seconds for which a slow request can occupy a thread.
        System.setProperty("sun.net.httpserver.maxReqTime", "10");
        Settings settings;
        LocaldialClient client;
        try {
            settings = Settings.from(System.getenv());
            client = settings.localdial().build();
        } catch (IllegalArgumentException wrong) {
            System.err.println(wrong.getMessage());
            System.exit(2);
            return;
        }
        CallRouting routing = client.callRouting().withTimeout(settings.timeout());
        Router router = new Router(routing::routeInboundCallAsync, settings.fallbackNumbers());
        RouterServer server = new RouterServer(router, settings.listen());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            server.stop(settings.drain());
            client.close();
        }));
        server.start();
        System.out.println("listening on " + server.address().getHostString() + ":" + server.address().getPort());
    }
}
