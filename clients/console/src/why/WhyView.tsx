import { Link } from "wouter";
import { texts } from "../texts";
import { useFragment } from "../ui/fragment_state";
import { Head } from "../ui/Head";
import { Loaded } from "../ui/Loaded";
import { Empty } from "../ui/States";
import { Explanation } from "./Explanation";
import { QuestionForm } from "./QuestionForm";
import { type Question, useExplanation } from "./queries";
import { RecordedCall } from "./RecordedCall";
import styles from "./WhyView.module.css";

/** Explains which number a borrower sees, and why. The question is in the URL. */
export function WhyView() {
  const [params] = useFragment();
  const question = questionIn(params);
  const explanation = useExplanation(question);
  return (
    <>
      <Head title={texts.why.title}>{params.has("call") && <Link href="/why">{texts.why.call.ask}</Link>}</Head>
      {!params.has("call") && (
        <>
          <p className={styles.explanation}>{texts.why.explanation}</p>
          {/* The back button returns to the question before. */}
          <QuestionForm key={params.toString()} />
        </>
      )}
      {question === undefined ? (
        <Empty title={texts.why.ask}>
          <p>{texts.why.orCall}</p>
        </Empty>
      ) : (
        <Loaded query={explanation}>
          {(found) => (
            <div className={styles.answer}>
              {found.recordedCall !== undefined && <RecordedCall recorded={found.recordedCall} />}
              <Explanation
                explanation={found}
                userId={"userId" in question ? question.userId : (found.recordedCall?.call?.userId ?? "")}
              />
            </div>
          )}
        </Loaded>
      )}
    </>
  );
}

function questionIn(params: URLSearchParams): Question | undefined {
  const callId = params.get("call");
  if (callId) return { callId };
  const userId = params.get("agent");
  const calleeNumber = params.get("callee");
  return userId && calleeNumber ? { userId, calleeNumber } : undefined;
}
