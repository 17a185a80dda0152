import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.localdial.client.LocaldialClient;
import org.localdial.client.LocaldialException;
import org.localdial.v1.Organization;
import org.localdial.v1.ResolveOutboundCallerIdRequest;
import org.localdial.v1.ResolveOutboundCallerIdResponse;
import org.localdial.v1.RouteInboundCallRequest;
import org.localdial.v1.RouteInboundCallResponse;
import org.localdial.v1.SetOrganizationRequest;
import org.localdial.v1.SetUserRequest;
import org.localdial.v1.User;

/**
 * Shows a call and its call-back: {@code java -cp 'interop/target/lib/*' examples/Example.java [address]}. The default
 * is a server on this machine.
 *
 * <p>Sets up an organization with one agent, which may be repeated, asks which caller ID a borrower is shown, and asks
 * where the borrower's call-back to that number goes.
 */
public final class Example {
    private static final String BORROWER = "+12125550123";

    private Example() {
    }

    /** Runs the example. */
    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        String address = arguments.length > 0 ? arguments[0] : "127.0.0.1:50051";
        try (LocaldialClient client = LocaldialClient.builder().address(address).build()) {
            setUp(client);

            ResolveOutboundCallerIdResponse shown = client.callRouting().withTimeout(Duration.ofMillis(1500))
                    .resolveOutboundCallerId(ResolveOutboundCallerIdRequest.newBuilder()
                            .setOrganizationId("example").setUserId("ann").setCalleeNumber(BORROWER).build());
            out.println("ann calls " + BORROWER + ", who sees " + shown.getCallerId());
            out.println("  because: " + shown.getReason());

            RouteInboundCallResponse route = client.callRouting()
                    .routeInboundCall(RouteInboundCallRequest.newBuilder()
                            .setCalledNumber(shown.getCallerId()).setCallerNumber(BORROWER).build());
            out.println(BORROWER + " calls back and is connected with " + route.getDestinationNumber());
            out.println("  because: " + route.getReason() + ", user " + route.getUserId());
        } catch (LocaldialException error) {
            System.err.println(error.getMessage());
            System.exit(1);
        }
    }

    private static void setUp(LocaldialClient client) {
        client.directory().setOrganization(SetOrganizationRequest.newBuilder()
                .setOrganization(Organization.newBuilder().setOrganizationId("example")
                        .setDisplayName("Example Lending").setOrganizationNumber("+14085550100"))
                .build());
        client.directory().setUser(SetUserRequest.newBuilder()
                .setUser(User.newBuilder().setOrganizationId("example").setUserId("ann")
                        .setDisplayName("Ann").setWorkPhone("+14155550142"))
                .build());
    }
}
