// Goal: the Java client 0.4.0 of Gorse works unchanged, of which no test is published. Method: each of its calls against
// the service; the first that answers otherwise ends the program with 1.

import io.gorse.gorse4j.Feedback;
import io.gorse.gorse4j.Gorse;
import io.gorse.gorse4j.Item;
import io.gorse.gorse4j.User;
import java.io.IOException;
import java.util.List;

public class Client {
    static void equal(String what, Object expected, Object found) {
        if (!expected.equals(found)) {
            System.err.println(what + ": expected " + expected + ", found " + found);
            System.exit(1);
        }
    }

    interface Call {
        void run() throws IOException;
    }

    static void refused(String what, Call call) {
        try {
            call.run();
        } catch (IOException expected) {
            return;
        }
        System.err.println(what + ": expected an exception");
        System.exit(1);
    }

    public static void main(String[] arguments) throws IOException {
        Gorse client = new Gorse(arguments[0], "any-key");
        User user = new User("java", List.of("a", "b", "c"));
        equal("insertUser", 1, client.insertUser(user).getRowAffected());
        equal("getUser", user, client.getUser("java"));
        equal("deleteUser", 1, client.deleteUser("java").getRowAffected());
        refused("getUser of a deleted user", () -> client.getUser("java"));

        Item item = new Item("java", true, List.of("a", "b"), List.of("d", "e"), "2022-11-20T13:55:27Z", "comment");
        equal("insertItem", 1, client.insertItem(item).getRowAffected());
        equal("getItem", item, client.getItem("java"));
        equal("deleteItem", 1, client.deleteItem("java").getRowAffected());
        refused("getItem of a deleted item", () -> client.getItem("java"));

        String time = "2022-11-20T13:55:27Z";
        List<Feedback> feedback = List.of(
            new Feedback("watch", "800", "1", time),
            new Feedback("watch", "800", "10", time),
            new Feedback("watch", "800", "100", time));
        equal("insertFeedback", 3, client.insertFeedback(feedback).getRowAffected());
        equal("listFeedback", feedback, client.listFeedback("800", "watch"));

        List<String> recommended = client.getRecommend("800");
        equal("getRecommend leaves out what was read", false,
            recommended.isEmpty() || recommended.contains("1") || recommended.contains("10"));
        System.out.println("every call of the Java client was answered as it expects");
    }
}
